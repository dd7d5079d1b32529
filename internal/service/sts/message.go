package sts

import (
	"context"

	"github.com/hakonegate/hakone/internal/awserr"
)

// DecodeAuthorizationMessageInput carries an encoded message.
type DecodeAuthorizationMessageInput struct {
	EncodedMessage string `wire:"required"`
}

// DecodeAuthorizationMessageOutput is the message in JSON.
type DecodeAuthorizationMessageOutput struct{ DecodedMessage string }

// DecodeAuthorizationMessage refuses every message: no answer of a service here
// holds one.
func (s *Service) DecodeAuthorizationMessage(_ context.Context, in *DecodeAuthorizationMessageInput) (*DecodeAuthorizationMessageOutput, error) {
	if err := length("encodedMessage", in.EncodedMessage, 1, 10240); err != nil {
		return nil, err
	}
	return nil, awserr.New("InvalidAuthorizationMessageException", 400, "Message is not valid")
}
