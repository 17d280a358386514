import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jose4j.jwa.AlgorithmConstraints.ConstraintType;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jose4j.keys.resolvers.JwksVerificationKeyResolver;

/** Tokens: JWTs that are verified under a key set, which is fetched. */
final class Tokens implements Foreign.Party {
  /** What a token has to be. */
  record Expected(String set, String algorithm, String issuer, String audience) {}

  /** Verifies one token. */
  interface Library {
    Map<String, Object> verify(String token, Expected expected) throws Exception;
  }

  private static Map<String, Object> nimbus(String token, Expected expected) throws Exception {
    JWTClaimsSet exact = new JWTClaimsSet.Builder().issuer(expected.issuer()).build();
    DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
    processor.setJWSKeySelector(
        new JWSVerificationKeySelector<>(
            JWSAlgorithm.parse(expected.algorithm()),
            new ImmutableJWKSet<>(JWKSet.parse(expected.set()))));
    processor.setJWTClaimsSetVerifier(
        new DefaultJWTClaimsVerifier<>(expected.audience(), exact, Set.of("exp")));
    return processor.process(token, null).toJSONObject();
  }

  private static Map<String, Object> jose4j(String token, Expected expected) throws Exception {
    return new JwtConsumerBuilder()
        .setJwsAlgorithmConstraints(ConstraintType.PERMIT, expected.algorithm())
        .setVerificationKeyResolver(
            new JwksVerificationKeyResolver(new JsonWebKeySet(expected.set()).getJsonWebKeys()))
        .setExpectedIssuer(true, expected.issuer())
        .setExpectedAudience(true, expected.audience())
        .setRequireExpirationTime()
        .build()
        .processToClaims(token)
        .getClaimsMap();
  }

  private static final Map<String, Library> LIBRARIES =
      Map.of("Nimbus", Tokens::nimbus, "jose4j", Tokens::jose4j);
  private final Map<String, String> fetched = new ConcurrentHashMap<>();

  private String textOf(String url) throws Exception {
    String text = fetched.get(url);
    if (text == null) {
      byte[] bytes = URI.create(url).toURL().openStream().readAllBytes();
      text = new String(bytes, StandardCharsets.UTF_8);
      fetched.put(url, text);
    }
    return text;
  }

  @Override
  public Map<String, Object> run(Map<String, Object> job) throws Exception {
    Expected expected =
        new Expected(
            textOf((String) job.get("url")),
            (String) job.get("algorithm"),
            (String) job.get("issuer"),
            (String) job.get("audience"));
    Library library = LIBRARIES.get((String) job.get("library"));
    return Map.of("claims", library.verify((String) job.get("token"), expected));
  }

  @Override
  public Map<String, String> versions() throws Exception {
    Map<String, String> found = new LinkedHashMap<>();
    found.put("Nimbus", Foreign.versionOf(JWKSet.class));
    found.put("jose4j", Foreign.versionOf(JsonWebKeySet.class));
    return found;
  }
}
