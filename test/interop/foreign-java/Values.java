import com.nimbusds.jose.EncryptionMethod;
import com.nimbusds.jose.JWEAlgorithm;
import com.nimbusds.jose.JWEDecrypter;
import com.nimbusds.jose.JWEEncrypter;
import com.nimbusds.jose.JWEHeader;
import com.nimbusds.jose.JWEObject;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.ECDHDecrypter;
import com.nimbusds.jose.crypto.ECDHEncrypter;
import com.nimbusds.jose.crypto.RSADecrypter;
import com.nimbusds.jose.crypto.RSAEncrypter;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.security.PrivateKey;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jose4j.jwa.AlgorithmConstraints;
import org.jose4j.jwa.AlgorithmConstraints.ConstraintType;
import org.jose4j.jwe.JsonWebEncryption;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.PublicJsonWebKey;

/** Values: JWE in compact serialization. */
final class Values implements Foreign.Party {
  /** One library, with keys as it holds them. */
  interface Library<Key> {
    String write(String set, Map<String, Object> header, byte[] plaintext) throws Exception;

    Key keyOf(String privateJwk) throws Exception;

    byte[] read(Key key, String value, String alg) throws Exception;
  }

  /** A library with its keys, each of which is parsed once. */
  static final class Held<Key> {
    private final Library<Key> library;
    private final Map<String, Key> keys = new ConcurrentHashMap<>();

    Held(Library<Key> library) {
      this.library = library;
    }

    byte[] read(String privateJwk, String value, String alg) throws Exception {
      Key key = keys.get(privateJwk);
      if (key == null) {
        key = library.keyOf(privateJwk);
        keys.put(privateJwk, key);
      }
      return library.read(key, value, alg);
    }
  }

  /** Nimbus JOSE + JWT. */
  static final class Nimbus implements Library<JWK> {
    private static final List<String> OURS = List.of("ctx", "iat", "jti");

    private static Base64URL info(Map<String, Object> header, String name) {
      return header.containsKey(name) ? new Base64URL((String) header.get(name)) : null;
    }

    private static JWEHeader headerOf(Map<String, Object> header) {
      JWEHeader.Builder made =
          new JWEHeader.Builder(
                  JWEAlgorithm.parse((String) header.get("alg")), EncryptionMethod.A256GCM)
              .keyID((String) header.get("kid"))
              .contentType((String) header.get("cty"))
              .agreementPartyUInfo(info(header, "apu"))
              .agreementPartyVInfo(info(header, "apv"));
      for (String name : OURS) {
        if (header.containsKey(name)) {
          made.customParam(name, header.get(name));
        }
      }
      return made.build();
    }

    @Override
    public String write(String set, Map<String, Object> header, byte[] plaintext) throws Exception {
      JWK key = JWKSet.parse(set).getKeyByKeyId((String) header.get("kid"));
      JWEObject made = new JWEObject(headerOf(header), new Payload(plaintext));
      JWEEncrypter encrypter =
          key instanceof RSAKey ? new RSAEncrypter(key.toRSAKey()) : new ECDHEncrypter(key.toECKey());
      made.encrypt(encrypter);
      return made.serialize();
    }

    @Override
    public JWK keyOf(String privateJwk) throws Exception {
      return JWK.parse(privateJwk);
    }

    @Override
    public byte[] read(JWK key, String value, String alg) throws Exception {
      JWEObject found = JWEObject.parse(value);
      JWEDecrypter decrypter =
          key instanceof RSAKey ? new RSADecrypter(key.toRSAKey()) : new ECDHDecrypter(key.toECKey());
      found.decrypt(decrypter);
      return found.getPayload().toBytes();
    }
  }

  /** jose4j. */
  static final class Jose4j implements Library<PrivateKey> {
    private static AlgorithmConstraints only(String name) {
      return new AlgorithmConstraints(ConstraintType.PERMIT, name);
    }

    private static JsonWebEncryption allowing(String alg) {
      JsonWebEncryption made = new JsonWebEncryption();
      made.setAlgorithmConstraints(only(alg));
      made.setContentEncryptionAlgorithmConstraints(only("A256GCM"));
      return made;
    }

    @Override
    public String write(String set, Map<String, Object> header, byte[] plaintext) throws Exception {
      String kid = (String) header.get("kid");
      JsonWebEncryption made = allowing((String) header.get("alg"));
      for (Map.Entry<String, Object> member : header.entrySet()) {
        made.setHeader(member.getKey(), member.getValue());
      }
      made.setKey(new JsonWebKeySet(set).findJsonWebKey(kid, null, null, null).getKey());
      made.setPlaintext(plaintext);
      return made.getCompactSerialization();
    }

    @Override
    public PrivateKey keyOf(String privateJwk) throws Exception {
      return PublicJsonWebKey.Factory.newPublicJwk(privateJwk).getPrivateKey();
    }

    @Override
    public byte[] read(PrivateKey key, String value, String alg) throws Exception {
      JsonWebEncryption found = allowing(alg);
      found.setKey(key);
      found.setCompactSerialization(value);
      return found.getPlaintextBytes();
    }
  }

  private final Map<String, Held<?>> libraries =
      Map.of(
          "Nimbus", new Held<>(new Nimbus()),
          "jose4j", new Held<>(new Jose4j()));

  @Override
  @SuppressWarnings("unchecked")
  public Map<String, Object> run(Map<String, Object> job) throws Exception {
    String library = (String) job.get("library");
    if (job.get("kind").equals("write")) {
      byte[] plaintext = Base64.getDecoder().decode((String) job.get("plaintext"));
      Map<String, Object> header = (Map<String, Object>) job.get("header");
      String set = (String) job.get("set");
      return Map.of("value", libraries.get(library).library.write(set, header, plaintext));
    }
    String jwk = JSONObjectUtils.toJSONString((Map<String, Object>) job.get("jwk"));
    byte[] read =
        libraries.get(library).read(jwk, (String) job.get("value"), (String) job.get("alg"));
    return Map.of("plaintext", Base64.getEncoder().encodeToString(read));
  }

  @Override
  public Map<String, String> versions() throws Exception {
    Map<String, String> found = new LinkedHashMap<>();
    found.put("Nimbus", Foreign.versionOf(JWK.class));
    found.put("jose4j", Foreign.versionOf(JsonWebKey.class));
    return found;
  }
}
