// Package restxml reads and writes the restXml protocol as S3 speaks it: bucket
// and key are in the path or the host, a parameter of the query without a value
// names what of them is meant, contents are streams, and the rest is XML.
//
// An operation is where [wire.Operation.At] puts it: "/", "/{Bucket}" or
// "/{Bucket}/{Key+}", followed by the parameters that tell it from others, such as
// "?versioning" or "?uploadId&partNumber", or by the headers, if their names begin
// with x-amz-. The fields of inputs and outputs say
// where they are:
//
//	rest:"query=NAME"    a parameter of the query
//	rest:"header=NAME"   a header
//	rest:"prefix=PREFIX" the headers that begin so, a map[string]string
//	rest:"xml"           the XML of the body, a pointer to a struct (inputs)
//	rest:"text"          the body as a string
//	rest:"body"          the body as it comes: an io.Reader, or an io.ReadCloser
//	rest:"length"        the body's length, an int64; -1 when it is not known
//	rest:"status"        the status, an int (outputs)
//
// Bucket and Key are found by their names. An output with a field XMLName is
// itself the XML of the body. Nothing of a request is ignored: a parameter, an
// x-amz header or an element that an input has no field for is refused by name.
package restxml

import (
	"encoding/xml"
	"net/http"
	"reflect"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
)

// ContentType is that of answers.
const ContentType = "application/xml"

// MaxXML is how much XML a request may have: 10,000 parts with their checksums
// take less.
const MaxXML = 4 << 20

type place struct{ kind, name string }

func placeOf(f reflect.StructField) place {
	kind, name, _ := strings.Cut(f.Tag.Get("rest"), "=")
	return place{kind, name}
}

// NotImplemented refuses what S3 may have and hakone has not.
func NotImplemented(format string, args ...any) *awserr.Error {
	return awserr.New("NotImplemented", http.StatusNotImplemented, format, args...)
}

type errorBody struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	Region    string `xml:",omitempty"`
	RequestId string
	HostId    string
}

// EncodeError returns the body that tells of a refusal; region is the right one
// for a request that was signed for another, else "".
func EncodeError(e *awserr.Error, requestID, region string) []byte {
	body, err := xml.Marshal(errorBody{Code: e.Code, Message: e.Message, Region: region, RequestId: requestID, HostId: requestID})
	if err != nil {
		return nil
	}
	return append([]byte(xml.Header), body...)
}
