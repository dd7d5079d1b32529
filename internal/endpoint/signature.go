package endpoint

import (
	"net/http"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/sigv4"
)

// Texts of AWS's services for refused signatures.
const (
	textMissing = "Request is missing Authentication Token"
	textInvalid = "The security token included in the request is invalid."
	textExpired = "The security token included in the request is expired"
	textBusy    = "The service is busy; try again."
)

// signatureCodes are the codes of one protocol (AWS: "Common errors" of IAM and
// of Systems Manager).
type signatureCodes struct{ missing, incomplete, mismatch, invalid, expired string }

func (queryProtocol) signatureError(e *sigv4.Error) *awserr.Error {
	return signatureError(e, signatureCodes{
		missing: "MissingAuthenticationToken", incomplete: "IncompleteSignature", mismatch: "SignatureDoesNotMatch",
		invalid: "InvalidClientTokenId", expired: "ExpiredToken",
	})
}

func (jsonProtocol) signatureError(e *sigv4.Error) *awserr.Error {
	return signatureError(e, signatureCodes{
		missing: "MissingAuthenticationTokenException", incomplete: "IncompleteSignatureException", mismatch: "InvalidSignatureException",
		invalid: "UnrecognizedClientException", expired: "ExpiredTokenException",
	})
}

func signatureError(e *sigv4.Error, codes signatureCodes) *awserr.Error {
	refusal := &awserr.Error{Code: codes.mismatch, Status: http.StatusForbidden, Message: e.Message, Err: e}
	switch e.Reason {
	case sigv4.Missing:
		refusal.Code, refusal.Message = codes.missing, textMissing
	case sigv4.Malformed:
		refusal.Code, refusal.Status = codes.incomplete, http.StatusBadRequest
	case sigv4.UnknownKey, sigv4.InvalidToken:
		refusal.Code, refusal.Message = codes.invalid, textInvalid
	case sigv4.ExpiredToken:
		refusal.Code, refusal.Message = codes.expired, textExpired
	case sigv4.HeadersTooLarge:
		refusal.Code, refusal.Status = "RequestHeaderSectionTooLarge", http.StatusBadRequest
	case sigv4.BodyTooLarge:
		refusal.Code, refusal.Status = "RequestEntityTooLarge", http.StatusRequestEntityTooLarge
	case sigv4.Busy:
		refusal.Code, refusal.Status, refusal.Message = "ServiceUnavailable", http.StatusServiceUnavailable, textBusy
	default: // the signature's fault; sigv4 has AWS's text
	}
	if refusal.Message == "" {
		refusal.Message = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
	}
	return refusal
}
