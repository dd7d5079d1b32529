package s3

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"

	"github.com/hakonegate/hakone/policy"
)

const maxKeys = 1000

// A listing asks for keys.
type listing struct {
	target
	Prefix    string `rest:"query=prefix"`
	Delimiter string `rest:"query=delimiter"`
	MaxKeys   *int   `rest:"query=max-keys"`
	Encoding  string `rest:"query=encoding-type"`
	Optional  string `rest:"header=x-amz-optional-object-attributes"` // of objects that are being restored: none is
}

func (l *listing) keys() policy.Map {
	keys := policy.Map{}
	keys["s3:prefix"], keys["s3:delimiter"] = policy.One(l.Prefix), policy.One(l.Delimiter)
	if l.MaxKeys != nil {
		keys["s3:max-keys"] = policy.One(fmt.Sprint(*l.MaxKeys))
	}
	if l.Prefix == "" {
		delete(keys, "s3:prefix")
	}
	if l.Delimiter == "" {
		delete(keys, "s3:delimiter")
	}
	return keys
}

// most returns how many entries a page has.
func (l *listing) most() (int, error) {
	switch {
	case l.Encoding != "" && l.Encoding != "url":
		return 0, invalidArgument("Invalid Encoding Method specified in Request")
	case l.MaxKeys == nil:
		return maxKeys, nil
	case *l.MaxKeys < 0:
		return 0, invalidArgument("Argument maxKeys must be an integer between 0 and 2147483647")
	}
	return min(*l.MaxKeys, maxKeys), nil
}

// text writes a key as the encoding has it.
func (l *listing) text(s string) string {
	if l.Encoding != "url" {
		return s
	}
	return strings.NewReplacer("%2F", "/", "+", "%20").Replace(url.QueryEscape(s))
}

type commonPrefix struct{ Prefix string }

type objectEntry struct {
	Key               string
	LastModified      string
	ETag              string
	ChecksumAlgorithm string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
	Size              int64
	Owner             *owner `xml:",omitempty"`
	StorageClass      string
}

// A page is what a listing found.
type page struct {
	objects  []objectEntry
	prefixes []commonPrefix
	next     string // the last entry, if there are more
}

// group returns the part of a key up to the delimiter after the prefix.
func (l *listing) group(key string) (string, bool) {
	if l.Delimiter == "" {
		return "", false
	}
	before, _, found := strings.Cut(key[len(l.Prefix):], l.Delimiter)
	return l.Prefix + before + l.Delimiter, found
}

// list returns a page of the keys after a marker.
func (s *Service) list(l *listing, after string, withOwner bool) (*page, error) {
	most, err := l.most()
	if err != nil {
		return nil, err
	}
	b, err := s.bucket(l.Bucket)
	if err != nil {
		return nil, err
	}
	p, last, seen := &page{}, "", ""
	if most == 0 {
		return p, nil
	}
	var group string
	var grouped bool
	wanted := func(key string) bool {
		if key <= after || !strings.HasPrefix(key, l.Prefix) {
			return false
		}
		group, grouped = l.group(key)
		return !grouped || group != seen && (group > after || !strings.HasPrefix(after, group))
	}
	for key, o := range s.objects(b).Where(wanted) {
		v := o.current()
		if v == nil {
			continue
		}
		if len(p.objects)+len(p.prefixes) == most {
			p.next = last
			break
		}
		if grouped {
			seen, last = group, group
			p.prefixes = append(p.prefixes, commonPrefix{l.text(group)})
			continue
		}
		last = key
		e := objectEntry{
			Key: l.text(key), LastModified: stamp(v.Modified), ETag: quoted(v.ETag), Size: v.Size, StorageClass: standard,
			ChecksumAlgorithm: v.Checksum.Algorithm, ChecksumType: v.Checksum.kind(),
		}
		if withOwner {
			e.Owner = &s.owner
		}
		p.objects = append(p.objects, e)
	}
	return p, nil
}

type listObjectsInput struct {
	listing
	Marker string `rest:"query=marker"`
}

type listObjectsOutput struct {
	XMLName        xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name           string
	Prefix         string
	Marker         string
	NextMarker     string `xml:",omitempty"`
	MaxKeys        int
	Delimiter      string `xml:",omitempty"`
	IsTruncated    bool
	EncodingType   string `xml:",omitempty"`
	Contents       []objectEntry
	CommonPrefixes []commonPrefix
	Region         string `rest:"header=X-Amz-Bucket-Region" xml:"-"`
}

func (s *Service) listObjects(_ context.Context, in *listObjectsInput) (*listObjectsOutput, error) {
	p, err := s.list(&in.listing, in.Marker, true)
	if err != nil {
		return nil, err
	}
	most, _ := in.most() // list has checked it
	out := &listObjectsOutput{
		Name: in.Bucket, Prefix: in.text(in.Prefix), Marker: in.text(in.Marker), MaxKeys: most, Delimiter: in.text(in.Delimiter),
		IsTruncated: p.next != "", EncodingType: in.Encoding, Contents: p.objects, CommonPrefixes: p.prefixes, Region: s.cfg.Region,
	}
	if in.Delimiter != "" {
		out.NextMarker = in.text(p.next)
	}
	return out, nil
}

type listObjectsV2Input struct {
	listing
	ListType          string `rest:"query=list-type"`
	ContinuationToken string `rest:"query=continuation-token"`
	StartAfter        string `rest:"query=start-after"`
	FetchOwner        bool   `rest:"query=fetch-owner"`
}

type listObjectsV2Output struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name                  string
	Prefix                string
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	KeyCount              int
	MaxKeys               int
	Delimiter             string `xml:",omitempty"`
	IsTruncated           bool
	EncodingType          string `xml:",omitempty"`
	Contents              []objectEntry
	CommonPrefixes        []commonPrefix
	Region                string `rest:"header=X-Amz-Bucket-Region" xml:"-"`
}

func (s *Service) listObjectsV2(_ context.Context, in *listObjectsV2Input) (*listObjectsV2Output, error) {
	if in.ListType != "2" {
		return nil, invalidArgument("Invalid List Type specified in Request")
	}
	after := in.StartAfter
	if in.ContinuationToken != "" {
		token, err := base64.URLEncoding.DecodeString(in.ContinuationToken)
		if err != nil {
			return nil, invalidArgument("The continuation token provided is incorrect")
		}
		after = string(token)
	}
	p, err := s.list(&in.listing, after, in.FetchOwner)
	if err != nil {
		return nil, err
	}
	most, _ := in.most() // list has checked it
	return &listObjectsV2Output{
		Name: in.Bucket, Prefix: in.text(in.Prefix), StartAfter: in.text(in.StartAfter), ContinuationToken: in.ContinuationToken,
		NextContinuationToken: base64.URLEncoding.EncodeToString([]byte(p.next)), KeyCount: len(p.objects) + len(p.prefixes), MaxKeys: most,
		Delimiter: in.text(in.Delimiter), IsTruncated: p.next != "", EncodingType: in.Encoding, Contents: p.objects, CommonPrefixes: p.prefixes,
		Region: s.cfg.Region,
	}, nil
}

// Versions.

type listVersionsInput struct {
	listing
	KeyMarker       string `rest:"query=key-marker"`
	VersionIDMarker string `rest:"query=version-id-marker"`
}

// A versionEntry is a Version or a DeleteMarker: they come in one order.
type versionEntry struct {
	XMLName           xml.Name
	Key               string
	VersionId         string
	IsLatest          bool
	LastModified      string
	ETag              string `xml:",omitempty"`
	ChecksumAlgorithm string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
	Size              *int64 `xml:",omitempty"`
	Owner             owner
	StorageClass      string `xml:",omitempty"`
}

type listVersionsOutput struct {
	XMLName             xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListVersionsResult"`
	Name                string
	Prefix              string
	KeyMarker           string
	VersionIdMarker     string
	NextKeyMarker       string `xml:",omitempty"`
	NextVersionIdMarker string `xml:",omitempty"`
	MaxKeys             int
	Delimiter           string `xml:",omitempty"`
	IsTruncated         bool
	EncodingType        string `xml:",omitempty"`
	Entries             []versionEntry
	CommonPrefixes      []commonPrefix
}

func (s *Service) listObjectVersions(_ context.Context, in *listVersionsInput) (*listVersionsOutput, error) {
	most, err := in.most()
	if err != nil {
		return nil, err
	}
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	out := &listVersionsOutput{
		Name: in.Bucket, Prefix: in.text(in.Prefix), KeyMarker: in.text(in.KeyMarker), VersionIdMarker: in.VersionIDMarker, MaxKeys: most,
		Delimiter: in.text(in.Delimiter), EncodingType: in.Encoding,
	}
	if most == 0 {
		return out, nil
	}
	lastKey, lastID, seen := "", "", ""
	full := func() bool {
		if len(out.Entries)+len(out.CommonPrefixes) < most {
			return false
		}
		out.IsTruncated, out.NextKeyMarker, out.NextVersionIdMarker = true, in.text(lastKey), lastID
		return true
	}
	var group string
	var grouped bool
	wanted := func(key string) bool {
		if key < in.KeyMarker || key == in.KeyMarker && in.VersionIDMarker == "" || !strings.HasPrefix(key, in.Prefix) {
			return false
		}
		group, grouped = in.group(key)
		return !grouped || group != seen && (group > in.KeyMarker || !strings.HasPrefix(in.KeyMarker, group))
	}
	for key, o := range s.objects(b).Where(wanted) {
		if grouped {
			if full() {
				return out, nil
			}
			seen, lastKey, lastID = group, group, ""
			out.CommonPrefixes = append(out.CommonPrefixes, commonPrefix{in.text(group)})
			continue
		}
		skip := key == in.KeyMarker
		for i := range o.Versions {
			v := &o.Versions[i]
			if skip {
				skip = v.ID != in.VersionIDMarker
				continue
			}
			if full() {
				return out, nil
			}
			lastKey, lastID = key, v.ID
			out.Entries = append(out.Entries, s.versionEntry(in.text(key), v, i == 0))
		}
	}
	return out, nil
}

func (s *Service) versionEntry(key string, v *version, latest bool) versionEntry {
	e := versionEntry{
		XMLName: xml.Name{Space: namespace, Local: "Version"}, Key: key, VersionId: v.ID, IsLatest: latest, LastModified: stamp(v.Modified), Owner: s.owner,
	}
	if v.DeleteMarker {
		e.XMLName.Local = "DeleteMarker"
		return e
	}
	e.ETag, e.Size, e.StorageClass = quoted(v.ETag), &v.Size, standard
	e.ChecksumAlgorithm, e.ChecksumType = v.Checksum.Algorithm, v.Checksum.kind()
	return e
}

// Constants of what no bucket has.

type aclOutput struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ AccessControlPolicy"`
	Owner   owner
	Grant   aclGrant `xml:"AccessControlList>Grant"`
}

type aclGrant struct {
	Grantee struct {
		Namespace string `xml:"xmlns:xsi,attr"`
		Type      string `xml:"xsi:type,attr"`
		ID        string
	}
	Permission string
}

func (s *Service) acl() *aclOutput {
	out := &aclOutput{Owner: s.owner}
	out.Grant.Permission = "FULL_CONTROL"
	g := &out.Grant.Grantee
	g.Namespace, g.Type, g.ID = "http://www.w3.org/2001/XMLSchema-instance", "CanonicalUser", s.owner.ID
	return out
}

func (s *Service) getBucketACL(context.Context, *bucketInput) (*aclOutput, error) {
	return s.acl(), nil
}

func (s *Service) getObjectACL(ctx context.Context, in *objectInput) (*aclOutput, error) {
	if _, _, err := s.find(ctx, in, "s3:GetObjectAcl"); err != nil {
		return nil, err
	}
	return s.acl(), nil
}

type documentOutput struct {
	XMLName xml.Name
	Payer   string `xml:",omitempty"`
}

// empty returns the operation that tells that a bucket has none of a setting.
func empty(root, payer string) func(context.Context, *bucketInput) (*documentOutput, error) {
	return func(context.Context, *bucketInput) (*documentOutput, error) {
		return &documentOutput{xml.Name{Space: namespace, Local: root}, payer}, nil
	}
}

// none returns the operation that refuses to tell of what no bucket has.
func none(code, message string) func(context.Context, *bucketInput) (*documentOutput, error) {
	return func(context.Context, *bucketInput) (*documentOutput, error) {
		return nil, notConfigured(cmp.Or(code, "NoSuchConfiguration"), "%s", message)
	}
}
