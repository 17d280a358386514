package main

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"

	"filippo.io/mldsa"
	"github.com/golang-jwt/jwt/v5"
)

// No JOSE library for Go has ML-DSA before Go 1.27: golang-jwt is given it as a method of signing,
// and the JWK of RFC 9964 is written and read here.
type mldsaMethod string

func init() {
	for algorithm := range parameters {
		jwt.RegisterSigningMethod(algorithm, func() jwt.SigningMethod { return mldsaMethod(algorithm) })
	}
}

func (m mldsaMethod) Alg() string { return string(m) }

func (m mldsaMethod) Sign(input string, key any) ([]byte, error) {
	return key.(*mldsa.PrivateKey).Sign(nil, []byte(input), crypto.Hash(0))
}

func (m mldsaMethod) Verify(input string, signature []byte, key any) error {
	public, is := key.(*mldsa.PublicKey)
	if !is || public.Parameters() != parameters[string(m)] {
		return jwt.ErrInvalidKeyType
	}
	return mldsa.Verify(public, []byte(input), signature, nil)
}

type akp struct {
	Kty string `json:"kty"`
	Alg string `json:"alg"`
	Pub string `json:"pub"`
	Kid string `json:"kid"`
	Use string `json:"use"`
}

func akpOf(algorithm, kid string, key *mldsa.PrivateKey) akp {
	public := base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes())
	return akp{Kty: "AKP", Alg: algorithm, Pub: public, Kid: kid, Use: "sig"}
}

func verifyMldsa(j job) (claims, error) {
	text, err := textOf(j.Url)
	if err != nil {
		return nil, err
	}
	var set struct{ Keys []akp }
	if err = json.Unmarshal(text, &set); err != nil {
		return nil, err
	}
	return parseGolangJwt(j, func(token *jwt.Token) (any, error) {
		for _, key := range set.Keys {
			if key.Kty != "AKP" || key.Kid != token.Header["kid"] || key.Alg != j.Algorithm {
				continue
			}
			encoded, err := base64.RawURLEncoding.DecodeString(key.Pub)
			if err != nil {
				return nil, err
			}
			return mldsa.NewPublicKey(parameters[key.Alg], encoded)
		}
		return nil, errors.New("the set has no such key")
	})
}
