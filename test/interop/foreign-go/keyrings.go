package main

import (
	"context"
	"encoding/pem"
	"errors"

	mpl "github.com/aws/aws-cryptographic-material-providers-library/releases/go/mpl/awscryptographymaterialproviderssmithygenerated"
	mpltypes "github.com/aws/aws-cryptographic-material-providers-library/releases/go/mpl/awscryptographymaterialproviderssmithygeneratedtypes"
	primitivestypes "github.com/aws/aws-cryptographic-material-providers-library/releases/go/primitives/awscryptographyprimitivessmithygeneratedtypes"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
)

type key struct {
	Keyring      string
	Arn          string
	Curve        string
	PublicKeyPem string
	// Sender is the ARN of a KMS key that seals in place of an ephemeral one.
	Sender string
}

type keyrings struct {
	providers *mpl.Client
	kms       *kms.Client
}

// of makes one keyring, or a multi-keyring when there are several keys.
func (k keyrings) of(ctx context.Context, keys []key, sealing bool) (mpltypes.IKeyring, error) {
	var made []mpltypes.IKeyring
	for _, key := range keys {
		one, err := k.one(ctx, key, sealing)
		if err != nil {
			return nil, err
		}
		made = append(made, one)
	}
	switch len(made) {
	case 0:
		return nil, errors.New("a job names no key")
	case 1:
		return made[0], nil
	}
	return k.providers.CreateMultiKeyring(ctx, mpltypes.CreateMultiKeyringInput{
		Generator:     made[0],
		ChildKeyrings: made[1:],
	})
}

func (k keyrings) one(ctx context.Context, key key, sealing bool) (mpltypes.IKeyring, error) {
	if key.Keyring == "symmetric" {
		return k.providers.CreateAwsKmsKeyring(ctx, mpltypes.CreateAwsKmsKeyringInput{
			KmsKeyId:  key.Arn,
			KmsClient: k.kms,
		})
	}
	if key.Keyring == "rsa" {
		input := mpltypes.CreateAwsKmsRsaKeyringInput{
			KmsKeyId:            key.Arn,
			EncryptionAlgorithm: kmstypes.EncryptionAlgorithmSpecRsaesOaepSha256,
			KmsClient:           k.kms,
		}
		if sealing {
			input.PublicKey = []byte(key.PublicKeyPem)
		}
		return k.providers.CreateAwsKmsRsaKeyring(ctx, input)
	}
	curve := primitivestypes.ECDHCurveSpec(key.Curve)
	if !sealing {
		return k.providers.CreateAwsKmsEcdhKeyring(ctx, mpltypes.CreateAwsKmsEcdhKeyringInput{
			CurveSpec: curve,
			KmsClient: k.kms,
			KeyAgreementScheme: &mpltypes.KmsEcdhStaticConfigurationsMemberKmsPublicKeyDiscovery{
				Value: mpltypes.KmsPublicKeyDiscoveryInput{RecipientKmsIdentifier: key.Arn},
			},
		})
	}
	block, _ := pem.Decode([]byte(key.PublicKeyPem))
	if block == nil {
		return nil, errors.New("publicKeyPem is no PEM")
	}
	if key.Sender != "" {
		return k.providers.CreateAwsKmsEcdhKeyring(ctx, mpltypes.CreateAwsKmsEcdhKeyringInput{
			CurveSpec: curve,
			KmsClient: k.kms,
			KeyAgreementScheme: &mpltypes.KmsEcdhStaticConfigurationsMemberKmsPrivateKeyToStaticPublicKey{
				Value: mpltypes.KmsPrivateKeyToStaticPublicKeyInput{
					SenderKmsIdentifier: key.Sender,
					RecipientPublicKey:  block.Bytes,
				},
			},
		})
	}
	return k.providers.CreateRawEcdhKeyring(ctx, mpltypes.CreateRawEcdhKeyringInput{
		CurveSpec: curve,
		KeyAgreementScheme: &mpltypes.RawEcdhStaticConfigurationsMemberEphemeralPrivateKeyToStaticPublicKey{
			Value: mpltypes.EphemeralPrivateKeyToStaticPublicKeyInput{RecipientPublicKey: block.Bytes},
		},
	})
}
