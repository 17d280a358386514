package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwe"
	"github.com/lestrrat-go/jwx/v3/jwk"
)

// writer writes a value, a JWE in compact serialization, to a key of a set.
type writer func(set string, header map[string]any, plaintext []byte) (string, error)

// reader reads one with a private key.
type reader func(private []byte, value, algorithm string) ([]byte, error)

var values = map[string]struct {
	write writer
	read  reader
}{
	"go-jose": {writeGoJose, readGoJose},
	"jwx":     {writeJwxValue, readJwxValue},
}

func writeGoJose(text string, header map[string]any, plaintext []byte) (string, error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(text), &set); err != nil {
		return "", err
	}
	found := set.Key(header["kid"].(string))
	if len(found) == 0 {
		return "", errors.New("the set has no such key")
	}
	options := &jose.EncrypterOptions{}
	for name, value := range header {
		if name != "alg" && name != "enc" && name != "kid" {
			options = options.WithHeader(jose.HeaderKey(name), value)
		}
	}
	recipient := jose.Recipient{
		Algorithm: jose.KeyAlgorithm(header["alg"].(string)),
		Key:       found[0].Key,
		KeyID:     found[0].KeyID,
	}
	encrypter, err := jose.NewEncrypter(jose.A256GCM, recipient, options)
	if err != nil {
		return "", err
	}
	made, err := encrypter.Encrypt(plaintext)
	if err != nil {
		return "", err
	}
	return made.CompactSerialize()
}

func readGoJose(private []byte, value, algorithm string) ([]byte, error) {
	var key jose.JSONWebKey
	if err := json.Unmarshal(private, &key); err != nil {
		return nil, err
	}
	found, err := jose.ParseEncryptedCompact(
		value,
		[]jose.KeyAlgorithm{jose.KeyAlgorithm(algorithm)},
		[]jose.ContentEncryption{jose.A256GCM},
	)
	if err != nil {
		return nil, err
	}
	return found.Decrypt(key.Key)
}

// jwxHeaders are those of the value, and those of its one recipient: jwx derives the key from the
// latter alone.
func jwxHeaders(header map[string]any) (jwe.Headers, jwe.Headers, error) {
	ofValue, ofRecipient := jwe.NewHeaders(), jwe.NewHeaders()
	var problems []error
	for name, value := range header {
		switch name {
		case "alg", "enc":
		case "apu", "apv":
			info, err := base64.RawURLEncoding.DecodeString(value.(string))
			problems = append(problems, err, ofRecipient.Set(name, info))
		default:
			problems = append(problems, ofValue.Set(name, value))
		}
	}
	return ofValue, ofRecipient, errors.Join(problems...)
}

func writeJwxValue(text string, header map[string]any, plaintext []byte) (string, error) {
	set, err := jwk.ParseString(text)
	if err != nil {
		return "", err
	}
	key, found := set.LookupKeyID(header["kid"].(string))
	if !found {
		return "", errors.New("the set has no such key")
	}
	alg, found := jwa.LookupKeyEncryptionAlgorithm(header["alg"].(string))
	if !found {
		return "", fmt.Errorf("jwx has no %s", header["alg"])
	}
	ofValue, ofRecipient, err := jwxHeaders(header)
	if err != nil {
		return "", err
	}
	made, err := jwe.Encrypt(
		plaintext,
		jwe.WithKey(alg, key, jwe.WithPerRecipientHeaders(ofRecipient)),
		jwe.WithContentEncryption(jwa.A256GCM()),
		jwe.WithProtectedHeaders(ofValue),
	)
	return string(made), err
}

func readJwxValue(private []byte, value, algorithm string) ([]byte, error) {
	key, err := jwk.ParseKey(private)
	if err != nil {
		return nil, err
	}
	alg, _ := jwa.LookupKeyEncryptionAlgorithm(algorithm)
	return jwe.Decrypt([]byte(value), jwe.WithKey(alg, key))
}

// write and read do one job each, by the library that it names.
func write(j job) (done result, err error) {
	library, found := values[j.Library]
	if !found {
		return done, fmt.Errorf("unknown library %q", j.Library)
	}
	done.Value, err = library.write(j.Set, j.Header, j.Plaintext)
	return done, err
}

func read(j job) (done result, err error) {
	library, found := values[j.Library]
	if !found {
		return done, fmt.Errorf("unknown library %q", j.Library)
	}
	plaintext, err := library.read(j.Jwk, j.Value, j.Alg)
	done.Plaintext = append([]byte{}, plaintext...)
	return done, err
}
