package s3

import (
	"context"
	"encoding/xml"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/wire"
)

// What a lifecycle rule can do here: expire. There is one storage class, so that a
// transition is an element that is refused by name.

type lifecycleConfiguration struct {
	Rules []lifecycleRule `xml:"Rule"`
}

type lifecycleRule struct {
	ID                             string           `xml:",omitempty"`
	Prefix                         *string          `xml:",omitempty" json:",omitempty"` // as rules had it before filters
	Filter                         *lifecycleFilter `xml:",omitempty" json:",omitempty"`
	Status                         string
	Expiration                     *expiration           `xml:",omitempty" json:",omitempty"`
	NoncurrentVersionExpiration    *noncurrentExpiration `xml:",omitempty" json:",omitempty"`
	AbortIncompleteMultipartUpload *abortIncomplete      `xml:",omitempty" json:",omitempty"`
}

type lifecycleFilter struct {
	Prefix                *string       `xml:",omitempty" json:",omitempty"`
	Tag                   *tag          `xml:",omitempty" json:",omitempty"`
	ObjectSizeGreaterThan *int64        `xml:",omitempty" json:",omitempty"`
	ObjectSizeLessThan    *int64        `xml:",omitempty" json:",omitempty"`
	And                   *lifecycleAnd `xml:",omitempty" json:",omitempty"`
}

type lifecycleAnd struct {
	Prefix                string `xml:",omitempty" json:",omitempty"`
	Tags                  []tag  `xml:"Tag" json:",omitempty"`
	ObjectSizeGreaterThan *int64 `xml:",omitempty" json:",omitempty"`
	ObjectSizeLessThan    *int64 `xml:",omitempty" json:",omitempty"`
}

type expiration struct {
	Days                      int    `xml:",omitempty" json:",omitempty"`
	Date                      string `xml:",omitempty" json:",omitempty"`
	ExpiredObjectDeleteMarker bool   `xml:",omitempty" json:",omitempty"`
}

type noncurrentExpiration struct {
	NoncurrentDays          int `xml:",omitempty" json:",omitempty"`
	NewerNoncurrentVersions int `xml:",omitempty" json:",omitempty"`
}

type abortIncomplete struct{ DaysAfterInitiation int }

func (c *lifecycleConfiguration) check() error {
	if len(c.Rules) == 0 || len(c.Rules) > 1000 {
		return malformedXML()
	}
	for i := range c.Rules {
		r := &c.Rules[i]
		if r.ID == "" {
			r.ID = randomID(16)
		}
		e, n := r.Expiration, r.NoncurrentVersionExpiration
		switch {
		case r.Status != enabled && r.Status != disabled, e == nil && n == nil && r.AbortIncompleteMultipartUpload == nil, !r.scoped():
			return malformedXML()
		case e != nil && e.Days != 0 && e.Date != "": // of the schema's choice, one
			return malformedXML()
		case r.Filter != nil && c.Rules[0].Filter == nil:
			return invalidRequest("Filter element can only be used in Lifecycle V2.")
		case r.Filter == nil && c.Rules[0].Filter != nil:
			return invalidRequest("Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter.")
		case e != nil && e.Days < 0, e != nil && e.Days == 0 && e.Date == "" && !e.ExpiredObjectDeleteMarker:
			return invalidArgument("'Days' for Expiration action must be a positive integer")
		case n != nil && n.NoncurrentDays < 1:
			return invalidArgument("'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer")
		case n != nil && n.NewerNoncurrentVersions < 0:
			return invalidArgument("'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must be a positive integer")
		case n != nil && n.NewerNoncurrentVersions > maxNewer:
			return invalidArgument("'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must not be more than 100")
		case r.AbortIncompleteMultipartUpload != nil && r.AbortIncompleteMultipartUpload.DaysAfterInitiation < 1:
			return invalidArgument("'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer")
		}
		if e != nil && e.Date != "" {
			if _, err := parseDate(e.Date); err != nil {
				return invalidArgument("'Date' must be at midnight GMT")
			}
		}
		if slices.ContainsFunc(c.Rules[:i], func(o lifecycleRule) bool { return o.ID == r.ID }) {
			return invalidArgument("Rule ID must be unique. Found same ID for more than one rule")
		}
	}
	return nil
}

const maxNewer = 100 // noncurrent versions that a rule keeps

// scoped reports whether a rule says once what it is about: with a prefix of its
// own or a filter, which has one condition, several within And, or none for
// everything.
func (r *lifecycleRule) scoped() bool {
	f := r.Filter
	if f == nil || r.Prefix != nil {
		return f == nil && r.Prefix != nil
	}
	conditions := 0
	for _, there := range []bool{f.Prefix != nil, f.Tag != nil, f.ObjectSizeGreaterThan != nil, f.ObjectSizeLessThan != nil, f.And != nil} {
		if there {
			conditions++
		}
	}
	return conditions <= 1
}

func parseDate(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t, err = time.Parse(time.DateOnly, text)
	}
	if err == nil && !t.Equal(t.Truncate(24*time.Hour)) {
		err = errors.New("not midnight")
	}
	return t, err
}

type putLifecycleInput struct {
	target
	Minimum       string                  `rest:"header=x-amz-transition-default-minimum-object-size"` // of transitions
	Configuration *lifecycleConfiguration `rest:"xml"`
}

type lifecycleOutput struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ LifecycleConfiguration"`
	lifecycleConfiguration
}

func (s *Service) putLifecycle(ctx context.Context, in *putLifecycleInput) (*wire.Nothing, error) {
	if in.Configuration == nil {
		in.Configuration = &lifecycleConfiguration{}
	}
	if err := in.Configuration.check(); err != nil {
		return nil, err
	}
	return s.configure(ctx, in.Bucket, func(b *bucket) error { b.Lifecycle = in.Configuration; return nil })
}

func (s *Service) getLifecycle(_ context.Context, in *bucketInput) (*lifecycleOutput, error) {
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	if b.Lifecycle == nil {
		return nil, notConfigured("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
	}
	return &lifecycleOutput{lifecycleConfiguration: *b.Lifecycle}, nil
}

func (s *Service) deleteLifecycle(ctx context.Context, in *bucketInput) (*wire.Nothing, error) {
	return s.configure(ctx, in.Bucket, func(b *bucket) error { b.Lifecycle = nil; return nil })
}

// selects reports whether a rule is about a version of a key.
func (r *lifecycleRule) selects(key string, v *version) bool {
	f := lifecycleAnd{}
	switch {
	case r.Filter != nil && r.Filter.And != nil:
		f = *r.Filter.And
	case r.Filter != nil:
		f = lifecycleAnd{ObjectSizeGreaterThan: r.Filter.ObjectSizeGreaterThan, ObjectSizeLessThan: r.Filter.ObjectSizeLessThan}
		if r.Filter.Prefix != nil {
			f.Prefix = *r.Filter.Prefix
		}
		if r.Filter.Tag != nil {
			f.Tags = []tag{*r.Filter.Tag}
		}
	case r.Prefix != nil:
		f.Prefix = *r.Prefix
	}
	return strings.HasPrefix(key, f.Prefix) &&
		!slices.ContainsFunc(f.Tags, func(t tag) bool { return !slices.Contains(v.Tags, t) }) &&
		(f.ObjectSizeGreaterThan == nil || v.Size > *f.ObjectSizeGreaterThan) && (f.ObjectSizeLessThan == nil || v.Size < *f.ObjectSizeLessThan)
}

// due reports whether days have passed since a time. Like S3 it rounds up to the
// next midnight: whole days between midnights are counted, so that no number of
// days is too large.
func due(since time.Time, days int, now time.Time) bool {
	return int(now.Truncate(day).Sub(since.Truncate(day))/day) > days
}

const day = 24 * time.Hour

// expired reports whether the current version of a key is over.
func (r *lifecycleRule) expired(v *version, now time.Time) bool {
	e := r.Expiration
	if e == nil || v.DeleteMarker {
		return false
	}
	if date, err := parseDate(e.Date); err == nil && !now.Before(date) {
		return true
	}
	return e.Days > 0 && due(v.Modified, e.Days, now)
}

// expire applies the lifecycle rules of all buckets.
func (s *Service) expire(ctx context.Context) error {
	var errs []error
	for _, b := range s.buckets.All() {
		if b.Lifecycle == nil {
			continue
		}
		for _, r := range b.Lifecycle.Rules {
			if r.Status == enabled {
				errs = append(errs, s.expireBucket(ctx, &b, &r))
			}
		}
	}
	return errors.Join(errs...)
}

func (s *Service) expireBucket(ctx context.Context, b *bucket, r *lifecycleRule) error {
	now := s.cfg.Now()
	var errs []error
	for key, o := range s.objects(b).All() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for _, id := range r.noncurrent(key, &o, now) {
			_, err := s.remove(ctx, b.Name, key, id, "")
			errs = append(errs, err)
		}
		if v := &o.Versions[0]; r.selects(key, v) && r.expired(v, now) {
			_, err := s.remove(ctx, b.Name, key, "", v.ETag)
			errs = append(errs, err)
		} else if e := r.Expiration; e != nil && e.ExpiredObjectDeleteMarker && v.DeleteMarker && len(o.Versions) == 1 && r.selects(key, v) {
			_, err := s.remove(ctx, b.Name, key, v.ID, "")
			errs = append(errs, err)
		}
	}
	if a := r.AbortIncompleteMultipartUpload; a != nil {
		for id, u := range s.pending(b).All() {
			if r.selects(u.Key, &u.Version) && due(u.Initiated, a.DaysAfterInitiation, now) {
				errs = append(errs, s.forgetUpload(ctx, b, id))
			}
		}
	}
	return errors.Join(errs...)
}

// noncurrent returns the ids of the versions that are over, the current one not
// among them. A version is not current since the next one came.
func (r *lifecycleRule) noncurrent(key string, o *object, now time.Time) (ids []string) {
	n := r.NoncurrentVersionExpiration
	if n == nil {
		return nil
	}
	for i := 1 + max(n.NewerNoncurrentVersions, 0); i < len(o.Versions); i++ {
		if v := &o.Versions[i]; r.selects(key, v) && due(o.Versions[i-1].Modified, n.NoncurrentDays, now) {
			ids = append(ids, v.ID)
		}
	}
	return ids
}

// Run applies lifecycle rules every hour and gives the room of deleted contents
// back, until ctx is done.
func (s *Service) Run(ctx context.Context) error {
	rules, sweep := time.NewTicker(time.Hour), time.NewTicker(sweepEvery)
	defer rules.Stop()
	defer sweep.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-rules.C:
			err = s.expire(ctx)
		case <-sweep.C:
			select {
			case <-s.dirty:
				_, err = s.Sweep(ctx)
			default:
			}
		}
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.WarnContext(ctx, "upkeep of buckets", "error", err)
		}
	}
}

// sweepEvery is how often room is given back, if anything was deleted.
const sweepEvery = 5 * time.Minute

// Sweep gives the room of contents back that no object and no upload has any
// more, and returns how many segments that were.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	return s.cfg.Contents.Sweep(ctx, func() map[string]bool {
		keep := map[string]bool{}
		mark := func(segments []segment) {
			for _, one := range segments {
				keep[one.Hash] = true
			}
		}
		for _, b := range s.buckets.All() {
			// An upload that ends in between is in the objects: they are read after the parts.
			for _, p := range s.parts(&b).All() {
				mark(p.Segments)
			}
			for _, o := range s.objects(&b).All() {
				for i := range o.Versions {
					mark(o.Versions[i].Segments)
				}
			}
		}
		return keep
	})
}
