package s3

import (
	"context"
	"encoding/xml"
	"slices"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/policy"
)

type listPartsInput struct {
	uploadInput
	MaxParts   *int   `rest:"query=max-parts"`
	PartMarker string `rest:"query=part-number-marker"`
	Encoding   string `rest:"query=encoding-type"`
}

type partEntry struct {
	PartNumber   int
	LastModified string
	ETag         string
	Size         int64
	checksumElement
}

type listPartsOutput struct {
	XMLName              xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListPartsResult"`
	Bucket               string
	Key                  string
	UploadId             string
	Initiator            owner
	Owner                owner
	StorageClass         string
	PartNumberMarker     int
	NextPartNumberMarker int `xml:",omitempty"`
	MaxParts             int
	IsTruncated          bool
	ChecksumAlgorithm    string
	ChecksumType         string
	Part                 []partEntry
}

func (s *Service) listParts(_ context.Context, in *listPartsInput) (*listPartsOutput, error) {
	b, u, err := s.findUpload(in.Bucket, in.Key, in.UploadID)
	if err != nil {
		return nil, err
	}
	most := maxKeys
	if in.MaxParts != nil {
		if most = min(*in.MaxParts, maxKeys); most < 0 {
			return nil, invalidArgument("Argument max-parts must be an integer between 0 and 2147483647")
		}
	}
	after, err := strconv.Atoi("0" + in.PartMarker)
	if err != nil {
		return nil, invalidArgument("Provided part-number-marker not an integer or within integer range")
	}
	out := &listPartsOutput{
		Bucket: in.Bucket, Key: in.Key, UploadId: in.UploadID, Initiator: s.owner, Owner: s.owner, StorageClass: standard,
		PartNumberMarker: after, MaxParts: most, ChecksumAlgorithm: string(u.Algorithm), ChecksumType: (&sum{Composite: !u.Whole}).kind(),
	}
	number := 0
	wanted := func(key string) bool {
		text, ok := strings.CutPrefix(key, in.UploadID+"/")
		if !ok {
			return false
		}
		number, err = strconv.Atoi(text)
		return err == nil && number > after
	}
	for _, p := range s.parts(b).Where(wanted) {
		if out.IsTruncated = len(out.Part) >= most; out.IsTruncated {
			break
		}
		out.NextPartNumberMarker = number
		out.Part = append(out.Part, partEntry{number, stamp(p.Modified), quoted(p.ETag), p.Size, element(p.Checksum.Algorithm, p.Checksum.Value)})
	}
	return out, nil
}

type listUploadsInput struct {
	target
	Prefix         string `rest:"query=prefix"`
	Delimiter      string `rest:"query=delimiter"`
	MaxUploads     *int   `rest:"query=max-uploads"`
	Encoding       string `rest:"query=encoding-type"`
	KeyMarker      string `rest:"query=key-marker"`
	UploadIDMarker string `rest:"query=upload-id-marker"`
}

func (in *listUploadsInput) listing() *listing {
	return &listing{Prefix: in.Prefix, Delimiter: in.Delimiter, MaxKeys: in.MaxUploads, Encoding: in.Encoding}
}

func (in *listUploadsInput) keys() policy.Map { return in.listing().keys() }

type uploadEntry struct {
	Key               string
	UploadId          string
	Initiator         owner
	Owner             owner
	StorageClass      string
	Initiated         string
	ChecksumAlgorithm string
	ChecksumType      string
	id                string
}

type listUploadsOutput struct {
	XMLName            xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListMultipartUploadsResult"`
	Bucket             string
	KeyMarker          string
	UploadIdMarker     string
	NextKeyMarker      string `xml:",omitempty"`
	NextUploadIdMarker string `xml:",omitempty"`
	Prefix             string
	Delimiter          string `xml:",omitempty"`
	EncodingType       string `xml:",omitempty"`
	MaxUploads         int
	IsTruncated        bool
	Upload             []uploadEntry
	CommonPrefixes     []commonPrefix
}

func (s *Service) listMultipartUploads(_ context.Context, in *listUploadsInput) (*listUploadsOutput, error) {
	l := in.listing()
	most, err := l.most()
	if err != nil {
		return nil, err
	}
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	out := &listUploadsOutput{
		Bucket: in.Bucket, KeyMarker: l.text(in.KeyMarker), UploadIdMarker: in.UploadIDMarker, Prefix: l.text(in.Prefix), Delimiter: l.text(in.Delimiter),
		EncodingType: in.Encoding, MaxUploads: most,
	}
	lastKey, lastID, seen := "", "", ""
	for _, u := range s.sortedUploads(b) {
		key, id := u.Key, u.id
		group, grouped := "", false
		if strings.HasPrefix(key, in.Prefix) {
			group, grouped = l.group(key)
		}
		if !strings.HasPrefix(key, in.Prefix) || grouped && group == seen ||
			key < in.KeyMarker || key == in.KeyMarker && (in.UploadIDMarker == "" || id <= in.UploadIDMarker) {
			continue
		}
		if len(out.Upload)+len(out.CommonPrefixes) >= most {
			out.IsTruncated, out.NextKeyMarker, out.NextUploadIdMarker = true, l.text(lastKey), lastID
			break
		}
		lastKey, lastID = key, id
		if grouped {
			seen = group
			out.CommonPrefixes = append(out.CommonPrefixes, commonPrefix{l.text(group)})
			continue
		}
		u.Key, u.UploadId = l.text(key), id
		out.Upload = append(out.Upload, u)
	}
	return out, nil
}

// sortedUploads returns the uploads to a bucket by key, then by id.
func (s *Service) sortedUploads(b *bucket) []uploadEntry {
	var all []uploadEntry
	for id, u := range s.pending(b).All() {
		all = append(all, uploadEntry{
			Key: u.Key, id: id, Initiator: s.owner, Owner: s.owner, StorageClass: standard, Initiated: stamp(u.Initiated),
			ChecksumAlgorithm: string(u.Algorithm), ChecksumType: (&sum{Composite: !u.Whole}).kind(),
		})
	}
	slices.SortStableFunc(all, func(a, b uploadEntry) int { return strings.Compare(a.Key, b.Key) })
	return all
}
