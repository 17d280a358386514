import com.amazonaws.encryptionsdk.AwsCrypto;
import com.amazonaws.encryptionsdk.CommitmentPolicy;
import com.amazonaws.encryptionsdk.CryptoAlgorithm;
import com.amazonaws.encryptionsdk.CryptoResult;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.EncryptionAlgorithmSpec;
import software.amazon.cryptography.materialproviders.IKeyring;
import software.amazon.cryptography.materialproviders.MaterialProviders;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsEcdhKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsRsaKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateMultiKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateRawEcdhKeyringInput;
import software.amazon.cryptography.materialproviders.model.EphemeralPrivateKeyToStaticPublicKeyInput;
import software.amazon.cryptography.materialproviders.model.KmsEcdhStaticConfigurations;
import software.amazon.cryptography.materialproviders.model.KmsPrivateKeyToStaticPublicKeyInput;
import software.amazon.cryptography.materialproviders.model.KmsPublicKeyDiscoveryInput;
import software.amazon.cryptography.materialproviders.model.MaterialProvidersConfig;
import software.amazon.cryptography.materialproviders.model.RawEcdhStaticConfigurations;
import software.amazon.cryptography.primitives.model.ECDHCurveSpec;

/** Files: messages of the AWS Encryption SDK. */
final class Messages implements Foreign.Party {
  private static final CryptoAlgorithm SUITE =
      CryptoAlgorithm.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY;

  private final KmsClient kms =
      KmsClient.builder()
          .endpointOverride(URI.create(System.getenv("AWS_ENDPOINT_URL_KMS")))
          .build();
  private final MaterialProviders providers =
      MaterialProviders.builder()
          .MaterialProvidersConfig(MaterialProvidersConfig.builder().build())
          .build();
  private final Map<String, IKeyring> kept = new ConcurrentHashMap<>();

  private static byte[] der(String pem) {
    return Base64.getMimeDecoder().decode(pem.replaceAll("-----[^-]*-----", ""));
  }

  private IKeyring rsa(String arn, String pem) {
    CreateAwsKmsRsaKeyringInput.Builder input =
        CreateAwsKmsRsaKeyringInput.builder()
            .kmsKeyId(arn)
            .kmsClient(kms)
            .encryptionAlgorithm(EncryptionAlgorithmSpec.RSAES_OAEP_SHA_256);
    if (pem != null) {
      input.publicKey(ByteBuffer.wrap(pem.getBytes(StandardCharsets.UTF_8)));
    }
    return providers.CreateAwsKmsRsaKeyring(input.build());
  }

  private IKeyring ecdhOfSender(String curve, String pem) {
    EphemeralPrivateKeyToStaticPublicKeyInput recipient =
        EphemeralPrivateKeyToStaticPublicKeyInput.builder()
            .recipientPublicKey(ByteBuffer.wrap(der(pem)))
            .build();
    return providers.CreateRawEcdhKeyring(
        CreateRawEcdhKeyringInput.builder()
            .curveSpec(ECDHCurveSpec.valueOf(curve))
            .KeyAgreementScheme(
                RawEcdhStaticConfigurations.builder()
                    .EphemeralPrivateKeyToStaticPublicKey(recipient)
                    .build())
            .build());
  }

  private IKeyring ecdhOfStaticSender(String curve, String pem, String sender) {
    KmsPrivateKeyToStaticPublicKeyInput both =
        KmsPrivateKeyToStaticPublicKeyInput.builder()
            .senderKmsIdentifier(sender)
            .recipientPublicKey(ByteBuffer.wrap(der(pem)))
            .build();
    return providers.CreateAwsKmsEcdhKeyring(
        CreateAwsKmsEcdhKeyringInput.builder()
            .curveSpec(ECDHCurveSpec.valueOf(curve))
            .kmsClient(kms)
            .KeyAgreementScheme(
                KmsEcdhStaticConfigurations.builder().KmsPrivateKeyToStaticPublicKey(both).build())
            .build());
  }

  private IKeyring ecdhOfRecipient(String curve, String arn) {
    KmsPublicKeyDiscoveryInput recipient =
        KmsPublicKeyDiscoveryInput.builder().recipientKmsIdentifier(arn).build();
    return providers.CreateAwsKmsEcdhKeyring(
        CreateAwsKmsEcdhKeyringInput.builder()
            .curveSpec(ECDHCurveSpec.valueOf(curve))
            .kmsClient(kms)
            .KeyAgreementScheme(
                KmsEcdhStaticConfigurations.builder().KmsPublicKeyDiscovery(recipient).build())
            .build());
  }

  private IKeyring one(Map<String, Object> key, boolean sealing) {
    String arn = (String) key.get("arn");
    String pem = (String) key.get("publicKeyPem");
    String curve = (String) key.get("curve");
    if (key.get("keyring").equals("rsa")) {
      return kept.computeIfAbsent(sealing + arn, made -> rsa(arn, sealing ? pem : null));
    }
    String sender = (String) key.get("sender");
    if (sealing && sender != null) {
      return kept.computeIfAbsent(sender + arn, made -> ecdhOfStaticSender(curve, pem, sender));
    }
    return kept.computeIfAbsent(
        sealing + arn, made -> sealing ? ecdhOfSender(curve, pem) : ecdhOfRecipient(curve, arn));
  }

  /** One keyring, or a multi-keyring when the job names several keys. */
  @SuppressWarnings("unchecked")
  private IKeyring keyring(Map<String, Object> job, boolean sealing) {
    List<IKeyring> made =
        ((List<Map<String, Object>>) job.get("keys"))
            .stream().map(key -> one(key, sealing)).toList();
    if (made.size() == 1) {
      return made.get(0);
    }
    return providers.CreateMultiKeyring(
        CreateMultiKeyringInput.builder()
            .generator(made.get(0))
            .childKeyrings(made.subList(1, made.size()))
            .build());
  }

  private static AwsCrypto sdk(Number frameLength) {
    AwsCrypto.Builder made =
        AwsCrypto.builder()
            .withCommitmentPolicy(CommitmentPolicy.RequireEncryptRequireDecrypt)
            .withEncryptionAlgorithm(SUITE);
    return (frameLength == null ? made : made.withEncryptionFrameSize(frameLength.intValue()))
        .build();
  }

  private static Path path(Map<String, Object> job, String name) {
    return Path.of((String) job.get(name));
  }

  @SuppressWarnings("unchecked")
  private static Map<String, String> context(Map<String, Object> job) {
    return (Map<String, String>) (Map<?, ?>) job.get("context");
  }

  private Map<String, Object> seal(Map<String, Object> job) throws Exception {
    byte[] sealed =
        sdk((Number) job.get("frameLength"))
            .encryptData(
                keyring(job, true), Files.readAllBytes(path(job, "plaintextFile")), context(job))
            .getResult();
    Files.write(path(job, "messageFile"), sealed);
    return Map.of("length", sealed.length);
  }

  private Map<String, Object> open(Map<String, Object> job) throws Exception {
    CryptoResult<byte[], ?> opened =
        sdk(null)
            .decryptData(
                keyring(job, false), Files.readAllBytes(path(job, "messageFile")), context(job));
    if (!opened.getEncryptionContext().equals(context(job))) {
      throw new IllegalStateException("the context that came out is another");
    }
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(opened.getResult());
    return Map.of("length", opened.getResult().length, "sha256", HexFormat.of().formatHex(digest));
  }

  @Override
  public Map<String, Object> run(Map<String, Object> job) throws Exception {
    return job.get("kind").equals("seal") ? seal(job) : open(job);
  }

  @Override
  public Map<String, String> versions() throws Exception {
    Map<String, String> found = new LinkedHashMap<>();
    found.put("aws-encryption-sdk-java", Foreign.versionOf(AwsCrypto.class));
    found.put("aws-cryptographic-material-providers", Foreign.versionOf(MaterialProviders.class));
    return found;
  }
}
