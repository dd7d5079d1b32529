// A function on AWS's own client for Go.
package main

import (
	"context"
	"errors"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type input struct {
	Do string `json:"do"`
}

func handle(ctx context.Context, in input) (map[string]string, error) {
	switch in.Do {
	case "fail":
		return nil, errors.New("it failed")
	case "panic":
		panic("it panicked")
	}
	lc, _ := lambdacontext.FromContext(ctx)
	return map[string]string{"do": in.Do, "arn": lc.InvokedFunctionArn, "function": lambdacontext.FunctionName}, nil
}

func main() { lambda.Start(handle) }
