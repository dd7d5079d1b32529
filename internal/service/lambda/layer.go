package lambda

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/store"
)

// A layer has the versions of one name. Numbers are never used again.
type layer struct {
	Next     int
	Versions map[string]LayerVersion
}

// A LayerVersion is one archive that functions unpack under /opt.
type LayerVersion struct {
	LayerArn                string
	LayerVersionArn         string
	Version                 int
	Description             string
	CreatedDate             string
	CompatibleRuntimes      []string `json:",omitempty"`
	CompatibleArchitectures []string `json:",omitempty"`
	LicenseInfo             string   `json:",omitempty"`
	CodeSize                int64
	CodeSha256              string
	Code                    string // blob hash
	Policy                  resourcePolicy
}

// PublishLayerVersionInput makes a version of a layer.
type PublishLayerVersionInput struct {
	LayerName               string
	Content                 Code
	Description             string
	CompatibleRuntimes      []string
	CompatibleArchitectures []string
	LicenseInfo             string
}

var layerNameRE = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,64}$`)

// PublishLayerVersion makes a version of a layer.
func (s *Service) PublishLayerVersion(ctx context.Context, in *PublishLayerVersionInput) (*LayerVersion, error) {
	name := s.layerName(in.LayerName)
	if !layerNameRE.MatchString(name) {
		var v violations
		v.add(in.LayerName, "layerName", `satisfy regular expression pattern: (arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+`)
		return nil, v.err()
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	a, err := s.store(ctx, in.Content, "")
	if err != nil {
		return nil, err
	}
	v := LayerVersion{
		LayerArn: s.layerARN(name), Description: in.Description, CreatedDate: lastModified(time.Now()),
		CompatibleRuntimes: in.CompatibleRuntimes, CompatibleArchitectures: in.CompatibleArchitectures, LicenseInfo: in.LicenseInfo,
		CodeSize: a.size, CodeSha256: a.sha256, Code: a.hash,
	}
	err = s.cfg.Store.Atomically(ctx, func(tx *store.Tx) error {
		layers := s.layers.In(tx)
		l, ok := layers.Get(name)
		if !ok {
			l = layer{Next: 1, Versions: map[string]LayerVersion{}}
		}
		v.Version = l.Next
		number := strconv.Itoa(l.Next)
		v.LayerVersionArn = v.LayerArn + ":" + number
		l.Versions[number] = v
		l.Next++
		return layers.Put(name, l)
	})
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// layerRuntimes are those that a layer may be said to suit.
var layerRuntimes = slices.Concat(runtimes, retired)

func (in *PublishLayerVersionInput) check() error {
	var v violations
	for _, name := range in.CompatibleRuntimes {
		if !slices.Contains(layerRuntimes, name) {
			v.add("["+strings.Join(in.CompatibleRuntimes, ", ")+"]", "compatibleRuntimes", "satisfy enum value set: ["+strings.Join(runtimes, ", ")+"]")
			break
		}
	}
	for _, name := range in.CompatibleArchitectures {
		if name != "x86_64" && name != "arm64" {
			v.add("["+strings.Join(in.CompatibleArchitectures, ", ")+"]", "compatibleArchitectures", "satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]")
			break
		}
	}
	return v.err()
}

// GetLayerVersion returns a version of a layer by its ARN.
func (s *Service) GetLayerVersion(arn string) (*LayerVersion, error) {
	rest, ok := strings.CutPrefix(arn, s.layerARN(""))
	if !ok {
		return nil, s.foreignLayer(arn)
	}
	name, number, _ := strings.Cut(rest, ":")
	l, _ := s.layers.Get(name)
	v, ok := l.Versions[number]
	if !ok {
		return nil, invalidParameter("Layer version %s does not exist.", arn)
	}
	return &v, nil
}

// foreignLayer tells why a layer of another account or region is not found.
func (s *Service) foreignLayer(arn string) error {
	if parts := strings.Split(arn, ":"); len(parts) == 8 && parts[3] != s.cfg.Region {
		return invalidParameter("Layers are not in the same region as the function. Layers are expected to be in region %s.", s.cfg.Region)
	}
	return invalidParameter("Layer version %s does not exist.", arn)
}

// DeleteLayerVersion removes a version. Functions that use it keep its files.
// Deleting what is gone succeeds.
func (s *Service) DeleteLayerVersion(ctx context.Context, arn string) error {
	name, number, _ := strings.Cut(strings.TrimPrefix(arn, s.layerARN("")), ":")
	err := s.layers.Update(ctx, name, func(l *layer) error {
		delete(l.Versions, number)
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// layerName returns the name that a layer's name or ARN has.
func (s *Service) layerName(name string) string { return strings.TrimPrefix(name, s.layerARN("")) }

func (s *Service) layerARN(name string) string {
	return strings.TrimSuffix(s.arnPrefix, "function:") + "layer:" + name
}

// useLayers puts layer versions into a configuration, in the order in which
// they are unpacked.
func (s *Service) useLayers(v *version, arns []string) error {
	if len(arns) > 5 {
		return invalidParameter("Cannot reference more than 5 layers.")
	}
	seen := map[string]string{}
	var references []LayerReference
	var hashes []string
	for _, arn := range arns {
		l, err := s.GetLayerVersion(arn)
		if err != nil {
			return err
		}
		if other, ok := seen[l.LayerArn]; ok {
			return invalidParameter("Two different versions of the same layer are not allowed to be referenced in the same function. %s and %s are versions of the same layer.", other, arn)
		}
		seen[l.LayerArn] = arn
		references = append(references, LayerReference{arn, l.CodeSize})
		hashes = append(hashes, l.Code)
	}
	v.Layers, v.LayerCode = references, hashes
	return nil
}
