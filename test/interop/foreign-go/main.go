// Command foreign runs a list of jobs with the official Go SDK against the KMS endpoint of its
// environment:
//
//	foreign jobs.json results.json
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"

	mpl "github.com/aws/aws-cryptographic-material-providers-library/releases/go/mpl/awscryptographymaterialproviderssmithygenerated"
	mpltypes "github.com/aws/aws-cryptographic-material-providers-library/releases/go/mpl/awscryptographymaterialproviderssmithygeneratedtypes"
	esdk "github.com/aws/aws-encryption-sdk/releases/go/encryption-sdk/awscryptographyencryptionsdksmithygenerated"
	esdktypes "github.com/aws/aws-encryption-sdk/releases/go/encryption-sdk/awscryptographyencryptionsdksmithygeneratedtypes"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

type job struct {
	Kind        string
	Keys        []key
	Context     map[string]string
	FrameLength *int64
	// DefaultSuite leaves the suite to the SDK.
	DefaultSuite  bool
	PlaintextFile string
	MessageFile   string
}

type result struct {
	Length int    `json:"length"`
	Sha256 string `json:"sha256,omitempty"`
	Error  string `json:"error,omitempty"`
}

type runner struct {
	sdk      *esdk.Client
	keyrings keyrings
}

func (r runner) seal(ctx context.Context, j job) (done result, err error) {
	plaintext, err := os.ReadFile(j.PlaintextFile)
	if err != nil {
		return done, err
	}
	keyring, err := r.keyrings.of(ctx, j.Keys, true)
	if err != nil {
		return done, err
	}
	suite := mpltypes.ESDKAlgorithmSuiteIdAlgAes256GcmHkdfSha512CommitKey
	wanted := &suite
	if j.DefaultSuite {
		wanted = nil
	}
	sealed, err := r.sdk.Encrypt(ctx, esdktypes.EncryptInput{
		Plaintext:         plaintext,
		Keyring:           keyring,
		EncryptionContext: j.Context,
		AlgorithmSuiteId:  wanted,
		FrameLength:       j.FrameLength,
	})
	if err != nil {
		return done, err
	}
	done = result{Length: len(sealed.Ciphertext)}
	return done, os.WriteFile(j.MessageFile, sealed.Ciphertext, 0o600)
}

func (r runner) open(ctx context.Context, j job) (done result, err error) {
	message, err := os.ReadFile(j.MessageFile)
	if err != nil {
		return done, err
	}
	keyring, err := r.keyrings.of(ctx, j.Keys, false)
	if err != nil {
		return done, err
	}
	opened, err := r.sdk.Decrypt(ctx, esdktypes.DecryptInput{
		Ciphertext:        message,
		Keyring:           keyring,
		EncryptionContext: j.Context,
	})
	if err != nil {
		return done, err
	}
	if !maps.Equal(opened.EncryptionContext, j.Context) {
		return done, errors.New("the context that came out is another")
	}
	sum := sha256.Sum256(opened.Plaintext)
	return result{Length: len(opened.Plaintext), Sha256: hex.EncodeToString(sum[:])}, nil
}

// run turns every failure into a result: the SDK's Dafny code also panics.
func (r runner) run(ctx context.Context, j job) (done result) {
	defer func() {
		if panicked := recover(); panicked != nil {
			done = result{Error: fmt.Sprintf("panic: %.500v", panicked)}
		}
	}()
	verbs := map[string]func(context.Context, job) (result, error){"seal": r.seal, "open": r.open}
	verb, found := verbs[j.Kind]
	if !found {
		return result{Error: "unknown kind of job " + j.Kind}
	}
	done, err := verb(ctx, j)
	if err != nil {
		return result{Error: fmt.Sprintf("%T: %.500v", err, err)}
	}
	return done
}

func (r runner) all(ctx context.Context, jobs []job) []result {
	results := make([]result, len(jobs))
	limit := make(chan struct{}, runtime.NumCPU())
	var running sync.WaitGroup
	for index, j := range jobs {
		limit <- struct{}{}
		running.Add(1)
		go func() {
			defer running.Done()
			results[index] = r.run(ctx, j)
			<-limit
		}()
	}
	running.Wait()
	return results
}

// versions names the SDK's modules as they were built in.
func versions() string {
	var names []string
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		for _, wanted := range []string{"encryption-sdk", "mpl"} {
			if strings.HasSuffix(module.Path, "releases/go/"+wanted) {
				names = append(names, wanted+" "+module.Version)
			}
		}
	}
	return strings.Join(names, " with ")
}

func try[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	var jobs []job
	if err := json.Unmarshal(try(os.ReadFile(os.Args[1])), &jobs); err != nil {
		log.Fatal(err)
	}
	policy := mpltypes.ESDKCommitmentPolicyRequireEncryptRequireDecrypt
	r := runner{
		sdk: try(esdk.NewClient(esdktypes.AwsEncryptionSdkConfig{CommitmentPolicy: &policy})),
		keyrings: keyrings{
			providers: try(mpl.NewClient(mpltypes.MaterialProvidersConfig{})),
			kms:       kms.NewFromConfig(try(config.LoadDefaultConfig(ctx))),
		},
	}
	done := map[string]any{"sdk": versions(), "results": r.all(ctx, jobs)}
	if err := os.WriteFile(os.Args[2], try(json.Marshal(done)), 0o600); err != nil {
		log.Fatal(err)
	}
}
