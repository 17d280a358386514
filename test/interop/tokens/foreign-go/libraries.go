package main

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"filippo.io/mldsa"
	"github.com/MicahParks/keyfunc/v3"
	jose "github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	jwxjwt "github.com/lestrrat-go/jwx/v3/jwt"
)

type library struct {
	issue  func(algorithm string, key crypto.Signer, of []claims) (json.RawMessage, []string, error)
	verify func(job) (claims, error)
}

var libraries = map[string]library{
	"go-jose":          {issueGoJose, verifyGoJose},
	"golang-jwt":       {issueGolangJwt, verifyGolangJwt},
	"jwx":              {issueJwx, verifyJwx},
	"filippo.io/mldsa": {issueGolangJwt, verifyMldsa},
}

// each makes a token for each set of claims.
func each(of []claims, make func(claims) (string, error)) (tokens []string, err error) {
	for _, one := range of {
		token, err := make(one)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, token)
	}
	return tokens, nil
}

// once makes what belongs to a URL the first time that it is asked for.
func once[T any](make func(url string) (T, error)) func(url string) (T, error) {
	var kept sync.Map
	return func(url string) (T, error) {
		if found, is := kept.Load(url); is {
			return found.(T), nil
		}
		made, err := make(url)
		if err == nil {
			kept.Store(url, made)
		}
		return made, err
	}
}

var textOf = once(func(url string) ([]byte, error) {
	client := http.Client{Timeout: 10 * time.Second}
	answer, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(answer.Body)
})

// export makes a JWK: go-jose's, or of ML-DSA ours.
func export(algorithm, kid string, key crypto.Signer) (json.RawMessage, error) {
	if lattice, is := key.(*mldsa.PrivateKey); is {
		return json.Marshal(akpOf(algorithm, kid, lattice))
	}
	return json.Marshal(jose.JSONWebKey{
		Key:       key.Public(),
		KeyID:     kid,
		Algorithm: algorithm,
		Use:       "sig",
	})
}

func issueGoJose(
	algorithm string, key crypto.Signer, of []claims,
) (json.RawMessage, []string, error) {
	kid := algorithm + " of go-jose"
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", kid)
	signing := jose.SigningKey{Algorithm: jose.SignatureAlgorithm(algorithm), Key: key}
	signer, err := jose.NewSigner(signing, options)
	if err != nil {
		return nil, nil, err
	}
	exported, err := export(algorithm, kid, key)
	if err != nil {
		return nil, nil, err
	}
	tokens, err := each(of, func(one claims) (string, error) {
		return josejwt.Signed(signer).Claims(one).Serialize()
	})
	return exported, tokens, err
}

var setOf = once(func(url string) (set jose.JSONWebKeySet, err error) {
	text, err := textOf(url)
	if err != nil {
		return set, err
	}
	return set, json.Unmarshal(text, &set)
})

func verifyGoJose(j job) (found claims, err error) {
	set, err := setOf(j.Url)
	if err != nil {
		return nil, err
	}
	algorithms := []jose.SignatureAlgorithm{jose.SignatureAlgorithm(j.Algorithm)}
	token, err := josejwt.ParseSigned(j.Token, algorithms)
	if err != nil {
		return nil, err
	}
	var registered josejwt.Claims
	if err = token.Claims(set, &registered, &found); err != nil {
		return nil, err
	}
	if registered.Expiry == nil {
		return nil, errors.New("exp is missing")
	}
	return found, registered.Validate(josejwt.Expected{
		Issuer:      j.Issuer,
		AnyAudience: josejwt.Audience{j.Audience},
		Time:        time.Now(),
	})
}

// issueGolangJwt issues with golang-jwt, which has no JWK of its own.
func issueGolangJwt(
	algorithm string, key crypto.Signer, of []claims,
) (json.RawMessage, []string, error) {
	method := jwt.GetSigningMethod(algorithm)
	if method == nil {
		return nil, nil, fmt.Errorf("golang-jwt has no %s", algorithm)
	}
	kid := algorithm + " of golang-jwt"
	exported, err := export(algorithm, kid, key)
	if err != nil {
		return nil, nil, err
	}
	tokens, err := each(of, func(one claims) (string, error) {
		token := jwt.NewWithClaims(method, jwt.MapClaims(one))
		token.Header["kid"] = kid
		return token.SignedString(key)
	})
	return exported, tokens, err
}

var keyfuncOf = once(func(url string) (keyfunc.Keyfunc, error) {
	return keyfunc.NewDefault([]string{url})
})

func verifyGolangJwt(j job) (claims, error) {
	keys, err := keyfuncOf(j.Url)
	if err != nil {
		return nil, err
	}
	return parseGolangJwt(j, keys.Keyfunc)
}

func parseGolangJwt(j job, keys jwt.Keyfunc) (claims, error) {
	token, err := jwt.Parse(
		j.Token,
		keys,
		jwt.WithValidMethods([]string{j.Algorithm}),
		jwt.WithIssuer(j.Issuer),
		jwt.WithAudience(j.Audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
	)
	if err != nil {
		return nil, err
	}
	return claims(token.Claims.(jwt.MapClaims)), nil
}

func issueJwx(
	algorithm string, key crypto.Signer, of []claims,
) (json.RawMessage, []string, error) {
	alg, found := jwa.LookupSignatureAlgorithm(algorithm)
	if !found {
		return nil, nil, fmt.Errorf("jwx has no %s", algorithm)
	}
	private, err := jwk.Import(key)
	if err != nil {
		return nil, nil, err
	}
	err = errors.Join(
		jwk.AssignKeyID(private),
		private.Set(jwk.KeyUsageKey, "sig"),
		private.Set(jwk.AlgorithmKey, alg),
	)
	if err != nil {
		return nil, nil, err
	}
	public, err := jwk.PublicKeyOf(private)
	if err != nil {
		return nil, nil, err
	}
	exported, err := json.Marshal(public)
	if err != nil {
		return nil, nil, err
	}
	tokens, err := each(of, func(one claims) (string, error) {
		token := jwxjwt.New()
		for name, value := range one {
			if err := token.Set(name, value); err != nil {
				return "", err
			}
		}
		signed, err := jwxjwt.Sign(token, jwxjwt.WithKey(alg, private))
		return string(signed), err
	})
	return exported, tokens, err
}

var fetched = once(func(url string) (jwk.Set, error) {
	return jwk.Fetch(context.Background(), url)
})

func verifyJwx(j job) (claims, error) {
	set, err := fetched(j.Url)
	if err != nil {
		return nil, err
	}
	message, err := jws.ParseString(j.Token)
	if err != nil {
		return nil, err
	}
	if alg, _ := message.Signatures()[0].ProtectedHeaders().Algorithm(); alg.String() != j.Algorithm {
		return nil, fmt.Errorf("alg is %s", alg)
	}
	token, err := jwxjwt.ParseString(
		j.Token,
		jwxjwt.WithKeySet(set),
		jwxjwt.WithIssuer(j.Issuer),
		jwxjwt.WithAudience(j.Audience),
		jwxjwt.WithRequiredClaim("exp"),
	)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(token)
	if err != nil {
		return nil, err
	}
	var found claims
	return found, json.Unmarshal(text, &found)
}
