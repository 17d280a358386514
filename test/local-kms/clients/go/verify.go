package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
)

var hashes = map[string]crypto.Hash{
	"256": crypto.SHA256,
	"384": crypto.SHA384,
	"512": crypto.SHA512,
}

func bytesOf(input map[string]any, member string) ([]byte, error) {
	text, ok := input[member].(string)
	if !ok {
		return nil, fmt.Errorf("%s: expected base64", member)
	}
	return base64.StdEncoding.DecodeString(text)
}

// verifyLocally checks a signature with Go's own cryptography, under a public key that KMS handed
// out.
func verifyLocally(input map[string]any) (any, error) {
	var parts [3][]byte
	for index, member := range []string{"PublicKey", "Message", "Signature"} {
		value, err := bytesOf(input, member)
		if err != nil {
			return nil, err
		}
		parts[index] = value
	}
	algorithm, _ := input["SigningAlgorithm"].(string)
	valid, err := verify(algorithm, parts[0], parts[1], parts[2])
	return map[string]bool{"Valid": valid}, err
}

func verify(algorithm string, spki, message, signature []byte) (bool, error) {
	public, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return false, err
	}
	hash := hashes[algorithm[strings.LastIndex(algorithm, "_")+1:]]
	digest := hash.New()
	digest.Write(message)
	switch key := public.(type) {
	case *rsa.PublicKey:
		if strings.HasPrefix(algorithm, "RSASSA_PSS") {
			options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
			return rsa.VerifyPSS(key, hash, digest.Sum(nil), signature, options) == nil, nil
		}
		return rsa.VerifyPKCS1v15(key, hash, digest.Sum(nil), signature) == nil, nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest.Sum(nil), signature), nil
	case ed25519.PublicKey:
		return ed25519.Verify(key, message, signature), nil
	}
	return false, fmt.Errorf("%s: no public key of a known kind", algorithm)
}
