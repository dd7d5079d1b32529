package s3

import (
	"context"
	"encoding/xml"
	"errors"
	"slices"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/store"
)

type deleteObjectInput struct {
	objectInput
	IfMatch string `rest:"header=If-Match"`
}

type deleteObjectOutput struct {
	DeleteMarker *bool  `rest:"header=x-amz-delete-marker"`
	VersionID    string `rest:"header=x-amz-version-id"`
}

func (s *Service) deleteObject(ctx context.Context, in *deleteObjectInput) (*deleteObjectOutput, error) {
	return s.remove(ctx, in.Bucket, in.Key, in.VersionID, in.IfMatch)
}

// remove deletes a version, or the key: with versions kept it gets a delete
// marker. What is not there is deleted.
func (s *Service) remove(ctx context.Context, bucketName, key, id, ifMatch string) (*deleteObjectOutput, error) {
	out := &deleteObjectOutput{}
	yes := true
	err := s.cfg.Store.Atomically(ctx, func(tx *store.Tx) error {
		*out = deleteObjectOutput{}
		b, ok := s.buckets.In(tx).Get(bucketName)
		if !ok {
			return noSuchBucket()
		}
		objects := s.objects(&b).In(tx)
		o, ok := objects.Get(key)
		if ifMatch != "" {
			if err := (precondition{ifMatch: ifMatch}).check(&o); err != nil {
				return err
			}
		}
		switch {
		case id != "":
			out.VersionID = id
			i := slices.IndexFunc(o.Versions, func(v version) bool { return v.ID == id })
			if i < 0 {
				return nil
			}
			if o.Versions[i].DeleteMarker {
				out.DeleteMarker = &yes
			}
			o.Versions = slices.Delete(o.Versions, i, i+1)
		case b.Versioning == "":
			o.Versions = nil
		default:
			marker := version{ID: nullVersion, DeleteMarker: true, Modified: s.cfg.Now().UTC().Truncate(time.Millisecond)}
			if b.Versioning == enabled {
				marker.ID = randomID(16)
			}
			out.DeleteMarker, out.VersionID = &yes, marker.ID
			if err := o.add(marker); err != nil {
				return err
			}
		}
		if len(o.Versions) > 0 {
			return objects.Put(key, o)
		}
		if !ok {
			return nil
		}
		return objects.Delete(key)
	})
	s.sweepSoon()
	return out, err
}

type deleteObjectsInput struct {
	target
	Delete *struct {
		Objects []struct {
			Key       string
			VersionId string
			ETag      string
		} `xml:"Object"`
		Quiet bool
	} `rest:"xml"`
}

type deletedEntry struct {
	Key                   string
	VersionId             string `xml:",omitempty"`
	DeleteMarker          bool   `xml:",omitempty"`
	DeleteMarkerVersionId string `xml:",omitempty"`
}

type deleteError struct {
	Key       string
	VersionId string `xml:",omitempty"`
	Code      string
	Message   string
}

type deleteObjectsOutput struct {
	XMLName xml.Name       `xml:"http://s3.amazonaws.com/doc/2006-03-01/ DeleteResult"`
	Deleted []deletedEntry `xml:"Deleted"`
	Errors  []deleteError  `xml:"Error"`
}

// deleteObjects deletes up to 1,000 objects, each as its caller is allowed.
func (s *Service) deleteObjects(ctx context.Context, in *deleteObjectsInput) (*deleteObjectsOutput, error) {
	if in.Delete == nil || len(in.Delete.Objects) == 0 || len(in.Delete.Objects) > maxKeys {
		return nil, malformedXML()
	}
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	out := &deleteObjectsOutput{}
	for _, o := range in.Delete.Objects {
		err := s.authorize(ctx, b, versionKeys(o.VersionId), s.objectAsk("s3:DeleteObject", in.Bucket, o.Key, o.VersionId)...)
		var gone *deleteObjectOutput
		if err == nil {
			gone, err = s.remove(ctx, in.Bucket, o.Key, o.VersionId, o.ETag)
		}
		var refusal *awserr.Error
		switch {
		case errors.As(err, &refusal):
			out.Errors = append(out.Errors, deleteError{o.Key, o.VersionId, refusal.Code, refusal.Message})
		case err != nil:
			return nil, err
		case !in.Delete.Quiet:
			d := deletedEntry{Key: o.Key, VersionId: o.VersionId}
			if gone.DeleteMarker != nil {
				d.DeleteMarker, d.DeleteMarkerVersionId = true, gone.VersionID
			}
			out.Deleted = append(out.Deleted, d)
		}
	}
	return out, nil
}
