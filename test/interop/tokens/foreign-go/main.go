// Command foreign runs a list of jobs with JOSE libraries for Go: they issue tokens with keys of
// their own, verify tokens under a key set that they fetch, and write and read values.
//
//	foreign jobs.json results.json
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"runtime/debug"
	"strings"
)

type claims = map[string]any

type job struct {
	Kind, Library, Algorithm string
	Bits                     int
	Claims                   []claims
	Messages                 [][]byte
	External                 []byte
	Url, Token               string
	Issuer, Audience         string
	Set, Value, Alg          string
	Header                   map[string]any
	Plaintext                []byte
	Jwk                      json.RawMessage
}

type result struct {
	Jwk        json.RawMessage `json:"jwk,omitempty"`
	Spki       []byte          `json:"spki,omitempty"`
	Tokens     []string        `json:"tokens,omitempty"`
	Signatures [][]byte        `json:"signatures,omitempty"`
	External   *external       `json:"external,omitempty"`
	Claims     claims          `json:"claims,omitempty"`
	Value      string          `json:"value,omitempty"`
	Plaintext  []byte          `json:"plaintext"`
	Error      string          `json:"error,omitempty"`
}

// external is a signature over a mu that was made outside of the implementation.
type external struct {
	Mu        []byte `json:"mu"`
	Signature []byte `json:"signature"`
}

// issue makes a key, as the library exports it, and a token for each set of claims.
func issue(j job) (done result, err error) {
	library, found := libraries[j.Library]
	if !found {
		return done, fmt.Errorf("unknown library %q", j.Library)
	}
	key, err := generate(j.Algorithm, j.Bits)
	if err != nil {
		return done, err
	}
	if done.Spki, err = spki(key.Public()); err != nil {
		return done, err
	}
	done.Jwk, done.Tokens, err = library.issue(j.Algorithm, key, j.Claims)
	return done, err
}

func verify(j job) (done result, err error) {
	library, found := libraries[j.Library]
	if !found {
		return done, fmt.Errorf("unknown library %q", j.Library)
	}
	done.Claims, err = library.verify(j)
	return done, err
}

// run turns every failure into a result.
func run(j job) result {
	verbs := map[string]func(job) (result, error){
		"issue": issue, "sign": sign, "verify": verify, "write": write, "read": read,
	}
	verb, found := verbs[j.Kind]
	if !found {
		return result{Error: "unknown kind of job " + j.Kind}
	}
	done, err := verb(j)
	if err != nil {
		return result{Error: fmt.Sprintf("%T: %.500v", err, err)}
	}
	return done
}

// versions of the libraries as they were built in.
func versions() map[string]string {
	names := map[string]string{
		"go-jose":          "github.com/go-jose/go-jose/v4",
		"golang-jwt":       "github.com/golang-jwt/jwt/v5",
		"keyfunc":          "github.com/MicahParks/keyfunc/v3",
		"jwx":              "github.com/lestrrat-go/jwx/v3",
		"filippo.io/mldsa": "filippo.io/mldsa",
	}
	info, _ := debug.ReadBuildInfo()
	found := map[string]string{"Go": strings.TrimPrefix(info.GoVersion, "go")}
	for name := range maps.Keys(names) {
		for _, module := range info.Deps {
			if module.Path == names[name] {
				found[name] = strings.TrimPrefix(module.Version, "v")
			}
		}
	}
	return found
}

func try[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	var jobs []job
	if err := json.Unmarshal(try(os.ReadFile(os.Args[1])), &jobs); err != nil {
		log.Fatal(err)
	}
	results := make([]result, len(jobs))
	for index, j := range jobs {
		results[index] = run(j)
	}
	done := map[string]any{"versions": versions(), "results": results}
	if err := os.WriteFile(os.Args[2], try(json.Marshal(done)), 0o600); err != nil {
		log.Fatal(err)
	}
}
