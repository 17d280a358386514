package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256"
	"crypto/sha3"
	_ "crypto/sha512"
	"fmt"

	"filippo.io/mldsa"
	"filippo.io/mldsa/mldsacrypto"
	"filippo.io/mldsa/x509"
)

var (
	hashes = map[string]crypto.Hash{
		"256": crypto.SHA256,
		"384": crypto.SHA384,
		"512": crypto.SHA512,
	}
	curves = map[string]elliptic.Curve{
		"ES256": elliptic.P256(),
		"ES384": elliptic.P384(),
		"ES512": elliptic.P521(),
	}
	parameters = map[string]mldsa.Parameters{
		"ML-DSA-44": mldsa.MLDSA44(),
		"ML-DSA-65": mldsa.MLDSA65(),
		"ML-DSA-87": mldsa.MLDSA87(),
	}
)

func generate(algorithm string, bits int) (crypto.Signer, error) {
	if curve, found := curves[algorithm]; found {
		return ecdsa.GenerateKey(curve, rand.Reader)
	}
	if set, found := parameters[algorithm]; found {
		return mldsa.GenerateKey(set)
	}
	if algorithm == "EdDSA" || algorithm == "Ed25519" {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	return rsa.GenerateKey(rand.Reader, bits)
}

func spki(public crypto.PublicKey) ([]byte, error) {
	return x509.MarshalPKIXPublicKey(public)
}

// signature over a message; ECDSA as DER.
func signature(algorithm string, key crypto.Signer, message []byte) ([]byte, error) {
	if _, plain := key.(*mldsa.PrivateKey); plain {
		return key.Sign(rand.Reader, message, crypto.Hash(0))
	}
	if _, plain := key.(ed25519.PrivateKey); plain {
		return key.Sign(rand.Reader, message, crypto.Hash(0))
	}
	hash := hashes[algorithm[2:]]
	digest := hash.New()
	digest.Write(message)
	var options crypto.SignerOpts = hash
	if algorithm[0] == 'P' {
		options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
	}
	return key.Sign(rand.Reader, digest.Sum(nil), options)
}

// overMu signs the mu of a message (FIPS 204, Algorithm 7, line 6), H being SHAKE256.
func overMu(key *mldsa.PrivateKey, message []byte) (*external, error) {
	tr := sha3.SumSHAKE256(key.PublicKey().Bytes(), 64)
	mu := sha3.SumSHAKE256(append(append(tr, 0, 0), message...), 64)
	made, err := key.Sign(rand.Reader, mu, mldsacrypto.MLDSAMu)
	return &external{Mu: mu, Signature: made}, err
}

// sign makes a key and a signature over each message; with ML-DSA also one over the mu of another.
func sign(j job) (done result, err error) {
	key, err := generate(j.Algorithm, j.Bits)
	if err != nil {
		return done, err
	}
	if done.Spki, err = spki(key.Public()); err != nil {
		return done, err
	}
	if done.Jwk, err = export(j.Algorithm, j.Algorithm+" of Go", key); err != nil {
		return done, err
	}
	for _, message := range j.Messages {
		made, err := signature(j.Algorithm, key, message)
		if err != nil {
			return done, fmt.Errorf("%s: %w", j.Algorithm, err)
		}
		done.Signatures = append(done.Signatures, made)
	}
	if lattice, is := key.(*mldsa.PrivateKey); is {
		done.External, err = overMu(lattice, j.External)
	}
	return done, err
}
