package apigatewayv2

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"hash/crc32"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/store"
)

// A Service owns the APIs of one account and region. It is safe for
// concurrent use.
type Service struct {
	config    Config
	apis      store.Collection[document]
	snapshots store.Collection[snapshot]
	domains   store.Collection[domainDocument]
	vpcLinks  store.Collection[VpcLink]
	turns     [16]sync.Mutex // changes of one API take turns: all but one would be made in vain
}

// A Config is what a [Service] needs. Store, Account and Region are required.
type Config struct {
	Store     *store.Store
	Account   string
	Region    string
	Partition string           // "" means "aws"
	Now       func() time.Time // nil means time.Now

	// HasEndpoint reports whether an AWS service, by its signing name, can be
	// called. nil means that none can.
	HasEndpoint func(service string) bool

	// Objects are where BodyS3Location leads; nil: nowhere.
	Objects Objects

	// ResetAuthorizers forgets what Lambda authorizers said of requests to a
	// stage; nil where nothing is kept.
	ResetAuthorizers func(apiID, stage string)

	// HasTruststore reports whether the operator gave the certificates of a
	// truststore, by its URI. nil means that there are none.
	HasTruststore func(uri string) bool

	// HasVPCLink reports whether the operator gave an address for a VPC link or
	// for what an integration reaches through it, by ID or ARN. nil means that
	// nothing is reached.
	HasVPCLink func(name string) bool
}

// document is everything that one API has, as one record. Configuration's
// CorsConfiguration and DisableExecuteApiEndpoint stay empty here: the API has
// them.
type document struct {
	API           API
	Configuration Configuration
	Stages        map[string]Stage
	Deployments   map[string]Deployment
}

// snapshot is the configuration that a deployment took, under the key
// "API/DEPLOYMENT".
type snapshot struct {
	Configuration Configuration
}

// New returns the service over its records in c.Store.
func New(c Config) *Service {
	if c.Partition == "" {
		c.Partition = "aws"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{
		config:    c,
		apis:      store.In[document](c.Store, collections[0]),
		snapshots: store.In[snapshot](c.Store, collections[1]),
		domains:   store.In[domainDocument](c.Store, collections[2]),
		vpcLinks:  store.In[VpcLink](c.Store, collections[3]),
	}
}

// collections are those that what is served is made of.
var collections = []string{"apigatewayv2.apis", "apigatewayv2.snapshots", "apigatewayv2.domains", "apigatewayv2.vpclinks"}

// now returns the time in the precision that the API has.
func (s *Service) now() time.Time { return s.config.Now().UTC().Truncate(time.Second) }

// read returns an API's record.
func (s *Service) read(apiID string) (*document, error) {
	d, ok := s.apis.Get(apiID)
	if !ok {
		return nil, s.noAPI(apiID)
	}
	return &d, nil
}

// configure changes an API's configuration and deploys it to the stages that
// deploy by themselves, all at once.
func (s *Service) configure(ctx context.Context, apiID string, fn func(d *document) error) error {
	return s.change(ctx, apiID, func(_ *store.Tx, d *document) error {
		if err := fn(d); err != nil {
			return err
		}
		s.autoDeploy(d)
		return nil
	})
}

// change changes an API's record. fn runs again when somebody else was faster.
func (s *Service) change(ctx context.Context, apiID string, fn func(tx *store.Tx, d *document) error) error {
	turn := &s.turns[crc32.ChecksumIEEE([]byte(apiID))%uint32(len(s.turns))]
	turn.Lock()
	defer turn.Unlock()
	return s.config.Store.Atomically(ctx, func(tx *store.Tx) error {
		err := s.apis.In(tx).Update(apiID, func(d *document) error { return fn(tx, d) })
		if errors.Is(err, store.ErrNotFound) {
			return s.noAPI(apiID)
		}
		return err
	})
}

func (s *Service) noAPI(apiID string) error {
	return notFound("Api", "Invalid API identifier specified %s:%s", s.config.Account, apiID)
}

// notFound returns the refusal of a call for a resource of the given kind.
func notFound(kind, format string, args ...any) error {
	e := awserr.New("NotFoundException", http.StatusNotFound, format, args...)
	e.Err = absentError(kind)
	return e
}

// absentError is the kind of a resource that is not there.
type absentError string

func (n absentError) Error() string { return "no such " + string(n) }

// refusal is how API Gateway tells of an error: a 404 says what it is about.
func refusal(e *awserr.Error) any {
	kind, _ := errors.AsType[absentError](e)
	return struct {
		Message      string `json:"message"`
		ResourceType string `json:"resourceType,omitempty"`
	}{e.Message, string(kind)}
}

func badRequest(format string, args ...any) error {
	return awserr.New("BadRequestException", http.StatusBadRequest, format, args...)
}

func conflict(format string, args ...any) error {
	return awserr.New("ConflictException", http.StatusConflict, format, args...)
}

// The lengths of identifiers, as AWS makes them.
const (
	apiIDLength = 10
	partLength  = 7
)

const idLetters = "abcdefghijklmnopqrstuvwxyz0123456789"

// newID returns a random identifier of n lower-case letters and digits that
// starts with a letter, so that it is a good DNS label.
func newID(n int) string {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	return idFrom(random[:], n)
}

// idOf returns the identifier that belongs to a client token, so that a
// repeated creation makes the same resource; a new one when there is no token.
func idOf(token string, n int) string {
	if token == "" {
		return newID(n)
	}
	sum := sha256.Sum256([]byte(token))
	return idFrom(sum[:], n)
}

func idFrom(random []byte, n int) string {
	id := make([]byte, n)
	for i := range id {
		letters := len(idLetters)
		if i == 0 {
			letters = 26
		}
		id[i] = idLetters[int(random[i])%letters]
	}
	return string(id)
}

// sortedKeys returns m's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// set stores a value in a map that may be nil.
func set[V any](m *map[string]V, key string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = v
}
