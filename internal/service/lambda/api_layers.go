package lambda

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/wire"
)

type (
	publishLayerRequest struct {
		LayerName               string
		Content                 Code
		Description             string
		CompatibleRuntimes      []string
		CompatibleArchitectures []string
		LicenseInfo             string
	}
	layerRequest struct {
		LayerName     string
		VersionNumber string
	}
	listLayersRequest struct {
		LayerName              string
		CompatibleRuntime      string `rest:"query=CompatibleRuntime"`
		CompatibleArchitecture string `rest:"query=CompatibleArchitecture"`
		Find                   string `rest:"query=find"`
		Arn                    string `rest:"query=Arn"`
		paging
	}
)

type layerContent struct {
	Location   string `json:",omitempty"`
	CodeSha256 string
	CodeSize   int64
}

type layerSummary struct {
	LayerVersionArn         string
	Version                 int
	Description             string
	CreatedDate             string
	CompatibleRuntimes      []string `json:",omitempty"`
	CompatibleArchitectures []string `json:",omitempty"`
	LicenseInfo             string   `json:",omitempty"`
}

type layerAnswer struct {
	Content  layerContent
	LayerArn string
	layerSummary
}

func layerSummaryOf(v *LayerVersion) layerSummary {
	return layerSummary{v.LayerVersionArn, v.Version, v.Description, v.CreatedDate, v.CompatibleRuntimes, v.CompatibleArchitectures, v.LicenseInfo}
}

// layerAnswerOf has no Location: there is no address to fetch the archive from.
func layerAnswerOf(v *LayerVersion) *layerAnswer {
	return &layerAnswer{layerContent{CodeSha256: v.CodeSha256, CodeSize: v.CodeSize}, v.LayerArn, layerSummaryOf(v)}
}

func (s *Service) publishLayer(ctx context.Context, in *publishLayerRequest) (*layerAnswer, error) {
	in.Content.Source = "" // a template's, not the API's
	v, err := s.PublishLayerVersion(ctx, &PublishLayerVersionInput{
		LayerName: in.LayerName, Content: in.Content, Description: in.Description, LicenseInfo: in.LicenseInfo,
		CompatibleRuntimes: in.CompatibleRuntimes, CompatibleArchitectures: in.CompatibleArchitectures,
	})
	if err != nil {
		return nil, err
	}
	return layerAnswerOf(v), nil
}

// layerVersion returns a version of a layer by name, or ARN, and number.
func (s *Service) layerVersion(in *layerRequest) (*LayerVersion, error) {
	if n, err := strconv.Atoi(in.VersionNumber); err != nil || n < 1 {
		return nil, invalidParameter("Layer Version Cannot be less than 1")
	}
	v, err := s.GetLayerVersion(s.layerVersionARN(in))
	if err != nil {
		return nil, notFound("The resource you requested does not exist.")
	}
	return v, nil
}

func (s *Service) getLayer(_ context.Context, in *layerRequest) (*layerAnswer, error) {
	v, err := s.layerVersion(in)
	if err != nil {
		return nil, err
	}
	return layerAnswerOf(v), nil
}

func (s *Service) deleteLayer(ctx context.Context, in *layerRequest) (*wire.Nothing, error) {
	return &wire.Nothing{}, s.DeleteLayerVersion(ctx, s.layerVersionARN(in))
}

type layerVersionList struct {
	LayerVersions []layerSummary
	NextMarker    string `json:",omitempty"`
}

// suits reports whether a version is what a list asks for.
func (in *listLayersRequest) suits(v *LayerVersion) bool {
	return fits(in.CompatibleRuntime, v.CompatibleRuntimes) && fits(in.CompatibleArchitecture, v.CompatibleArchitectures)
}

func fits(want string, list []string) bool {
	return want == "" || slices.Contains(list, want)
}

// suitable returns the versions that suit a list, the newest first.
func (in *listLayersRequest) suitable(l *layer) []layerSummary {
	var all []layerSummary
	for n := l.Next - 1; n > 0; n-- {
		if v, ok := l.Versions[strconv.Itoa(n)]; ok && in.suits(&v) {
			all = append(all, layerSummaryOf(&v))
		}
	}
	return all
}

func (s *Service) listLayerVersions(_ context.Context, in *listLayersRequest) (*layerVersionList, error) {
	l, _ := s.layers.Get(s.layerName(in.LayerName)) // a layer without versions is none
	list, next, err := page(in.paging, 50, in.suitable(&l), func(v *layerSummary) string { return strconv.Itoa(v.Version) },
		func(a, b string) bool { return byNumber(b, a) })
	return &layerVersionList{list, next}, err
}

type layerList struct {
	Layers     []listedLayer
	NextMarker string `json:",omitempty"`
}

// layersAnswer is what the path of layers answers: a list, or the version that
// was looked for by its ARN.
type layersAnswer struct {
	*layerList
	*layerAnswer
}

type listedLayer struct {
	LayerName, LayerArn   string
	LatestMatchingVersion layerSummary
}

func (s *Service) listLayers(ctx context.Context, in *listLayersRequest) (*layersAnswer, error) {
	var v violations
	if a := in.CompatibleArchitecture; a != "" && a != "x86_64" && a != "arm64" {
		v.add(a, "compatibleArchitecture", "satisfy enum value set: [x86_64, arm64]")
	}
	if r := in.CompatibleRuntime; r != "" && !slices.Contains(layerRuntimes, r) {
		v.add(r, "compatibleRuntime", "satisfy enum value set: ["+strings.Join(layerRuntimes, ", ")+"]")
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	switch in.Find {
	case "":
	case "LayerVersion":
		v, err := s.layerByARN(ctx, in.Arn)
		return &layersAnswer{layerAnswer: v}, err
	default:
		return nil, invalidParameter("find must be LayerVersion, not %q", in.Find)
	}
	// Who looks for one version needs no right to list all.
	if err := s.ask(ctx, "lambda:ListLayers", "*", nil); err != nil {
		return nil, err
	}
	var all []listedLayer
	for name, l := range s.layers.All() {
		if versions := in.suitable(&l); len(versions) > 0 {
			all = append(all, listedLayer{name, s.layerARN(name), versions[0]})
		}
	}
	list, next, err := page(in.paging, 50, all, func(l *listedLayer) string { return l.LayerName }, byText)
	return &layersAnswer{layerList: &layerList{list, next}}, err
}

func (s *Service) publishedLayerARN(in *publishLayerRequest) string {
	return s.layerARN(s.layerName(in.LayerName))
}

func (s *Service) listedLayerARN(in *listLayersRequest) string {
	return s.layerARN(s.layerName(in.LayerName))
}

func (s *Service) layerVersionARN(in *layerRequest) string {
	return s.layerARN(s.layerName(in.LayerName)) + ":" + in.VersionNumber
}
