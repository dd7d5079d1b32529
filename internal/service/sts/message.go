package sts

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/hakonegate/hakone/internal/awserr"
)

const messagePurpose = "sts authorization message"

// EncodeAuthorizationMessage seals what the operator may know about a refusal, so
// that it can travel through the caller's hands.
func (s *Service) EncodeAuthorizationMessage(explanation any) (string, error) {
	text, err := json.Marshal(explanation)
	if err != nil {
		return "", fmt.Errorf("write the authorization message: %w", err)
	}
	box, err := s.seal.Seal(messagePurpose, text, nil)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(box), nil
}

// DecodeAuthorizationMessageInput carries an encoded message.
type DecodeAuthorizationMessageInput struct {
	EncodedMessage string `wire:"required"`
}

// DecodeAuthorizationMessageOutput is the message in JSON.
type DecodeAuthorizationMessageOutput struct{ DecodedMessage string }

// DecodeAuthorizationMessage opens what [Service.EncodeAuthorizationMessage] made.
func (s *Service) DecodeAuthorizationMessage(_ context.Context, in *DecodeAuthorizationMessageInput) (*DecodeAuthorizationMessageOutput, error) {
	if err := length("encodedMessage", in.EncodedMessage, 1, 10240); err != nil {
		return nil, err
	}
	box, err := base64.RawURLEncoding.DecodeString(in.EncodedMessage)
	if err == nil {
		var text []byte
		if text, err = s.seal.Open(messagePurpose, box, nil); err == nil {
			return &DecodeAuthorizationMessageOutput{string(text)}, nil
		}
	}
	return nil, &awserr.Error{Code: "InvalidAuthorizationMessageException", Status: 400, Message: "Message is not valid", Err: err}
}
