// The Go SDK as a driver: reads a list of steps, sends each through the unmodified client, prints
// one JSON line per step.
//
//	go-driver steps.json  (endpoint, Region and credentials from the environment)
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
)

type step struct {
	Name  string         `json:"name"`
	Call  string         `json:"call"`
	Input map[string]any `json:"input"`
}

type line struct {
	Name   string `json:"name"`
	Answer any    `json:"answer,omitempty"`
	Error  any    `json:"error,omitempty"`
}

var reference = regexp.MustCompile(`\$\{([\w.-]+)\}`)

// missing is the path of what an earlier step should have answered.
type missing string

func (path missing) Error() string { return string(path) }

// valueOf walks a path of member names and indexes through what earlier steps answered; it panics
// with missing.
func valueOf(kept map[string]any, path string) any {
	var value any = kept
	for _, part := range strings.Split(path, ".") {
		switch inner := value.(type) {
		case map[string]any:
			value = inner[part]
		case []any:
			index, err := strconv.Atoi(part)
			if err != nil || index >= len(inner) {
				panic(missing(path))
			}
			value = inner[index]
		}
		if value == nil {
			panic(missing(path))
		}
	}
	return value
}

func resolve(kept map[string]any, value any) any {
	switch inner := value.(type) {
	case string:
		if whole := reference.FindStringSubmatch(inner); whole != nil && whole[0] == inner {
			return valueOf(kept, whole[1])
		}
		return reference.ReplaceAllStringFunc(inner, func(found string) string {
			return fmt.Sprint(valueOf(kept, reference.FindStringSubmatch(found)[1]))
		})
	case []any:
		list := make([]any, len(inner))
		for index, item := range inner {
			list[index] = resolve(kept, item)
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for name, member := range inner {
			object[name] = resolve(kept, member)
		}
		return object
	}
	return value
}

// common is an answer in the form that all drivers print: bytes as base64, times as epoch seconds,
// absent members left out.
func common(value reflect.Value) any {
	switch value.Kind() {
	case reflect.Pointer, reflect.Interface:
		if value.IsNil() {
			return nil
		}
		return common(value.Elem())
	case reflect.Struct:
		if moment, ok := value.Interface().(time.Time); ok {
			return float64(moment.UnixMilli()) / 1000
		}
		object := map[string]any{}
		for index := 0; index < value.NumField(); index++ {
			field := value.Type().Field(index)
			if !field.IsExported() || field.Name == "ResultMetadata" {
				continue
			}
			if member := common(value.Field(index)); member != nil && member != "" {
				object[field.Name] = member
			} else if pointer := value.Field(index); pointer.Kind() == reflect.Pointer && !pointer.IsNil() {
				object[field.Name] = "" // an empty text that was sent, such as a description
			}
		}
		return object
	case reflect.Slice:
		if value.IsNil() {
			return nil
		}
		if value.Type().Elem().Kind() == reflect.Uint8 {
			return value.Bytes()
		}
		list := make([]any, value.Len())
		for index := range list {
			list[index] = common(value.Index(index))
		}
		return list
	case reflect.Map:
		if value.IsNil() {
			return nil
		}
		object := map[string]any{}
		for _, name := range value.MapKeys() {
			object[name.String()] = common(value.MapIndex(name))
		}
		return object
	case reflect.String:
		return value.String()
	}
	return value.Interface()
}

func send(client *kms.Client, call string, input any) (any, error) {
	method := reflect.ValueOf(client).MethodByName(call)
	if !method.IsValid() {
		return nil, fmt.Errorf("the client has no %s", call)
	}
	request := reflect.New(method.Type().In(1).Elem())
	text, err := json.Marshal(input)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, request.Interface()); err != nil {
		return nil, err
	}
	results := method.Call([]reflect.Value{reflect.ValueOf(context.Background()), request})
	if failure, ok := results[1].Interface().(error); ok {
		return nil, failure
	}
	return common(results[0]), nil
}

func failure(err error) any {
	var path missing
	if errors.As(err, &path) {
		return map[string]string{"code": "Missing", "message": ""}
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		message := api.ErrorMessage()
		if message == "UnknownError" { // what the client puts where the body has no message
			message = ""
		}
		return map[string]string{"code": api.ErrorCode(), "message": message}
	}
	return map[string]string{"code": "Client", "message": err.Error()}
}

func take(client *kms.Client, kept map[string]any, one step) (answer any, err error) {
	defer func() {
		switch problem := recover().(type) {
		case nil:
		case missing:
			err = problem
		default:
			panic(problem)
		}
	}()
	input := resolve(kept, one.Input)
	if one.Call == "verifyLocally" {
		return verifyLocally(input.(map[string]any))
	}
	return send(client, one.Call, input)
}

func run(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var steps []step
	if err := json.Unmarshal(text, &steps); err != nil {
		return err
	}
	id, secret := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	client := kms.New(kms.Options{
		Region:           os.Getenv("AWS_REGION"),
		BaseEndpoint:     aws.String(os.Getenv("AWS_ENDPOINT_URL_KMS")),
		Credentials:      credentials.NewStaticCredentialsProvider(id, secret, ""),
		RetryMaxAttempts: 1,
	})
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	kept := map[string]any{}
	for _, one := range steps {
		result := line{Name: one.Name}
		answer, err := take(client, kept, one)
		if err != nil {
			result.Error = failure(err)
		} else {
			result.Answer = answer
		}
		printed, err := json.Marshal(result)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, string(printed))
		var again line
		if err := json.Unmarshal(printed, &again); err != nil {
			return err
		}
		kept[one.Name] = again.Answer
	}
	return nil
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
