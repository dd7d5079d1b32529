package lambda

import "time"

// A Function is the configuration of one version of a function, with AWS's
// names.
type Function struct {
	FunctionName string
	FunctionArn  string // with the version when it is a published one
	Runtime      string `json:",omitempty"`
	Role         string
	Handler      string `json:",omitempty"`
	CodeSize     int64
	Description  string
	Timeout      int // seconds
	MemorySize   int // MB
	LastModified string
	CodeSha256   string
	Version      string
	VpcConfig    *VpcConfig   `json:",omitempty"`
	Environment  *Environment `json:",omitempty"`
	KMSKeyArn    string       `json:",omitempty"`

	DeadLetterConfig *DeadLetterConfig `json:",omitempty"`
	TracingConfig    TracingConfig
	RevisionId       string
	Layers           []LayerReference `json:",omitempty"`

	State                      string `json:",omitempty"`
	StateReason                string `json:",omitempty"`
	StateReasonCode            string `json:",omitempty"`
	LastUpdateStatus           string `json:",omitempty"`
	LastUpdateStatusReason     string `json:",omitempty"`
	LastUpdateStatusReasonCode string `json:",omitempty"`

	PackageType          string
	Architectures        []string
	EphemeralStorage     EphemeralStorage
	SnapStart            SnapStart
	RuntimeVersionConfig *RuntimeVersionConfig `json:",omitempty"`
	LoggingConfig        LoggingConfig
}

// The parts of a function's configuration, as AWS's API has them.
type (
	// Environment holds a function's environment variables.
	Environment struct{ Variables map[string]string }
	// VpcConfig is recorded; functions run on this machine's network.
	VpcConfig struct {
		SubnetIds, SecurityGroupIds []string
		VpcId                       string
		Ipv6AllowedForDualStack     bool
	}
	// DeadLetterConfig names where events go that failed for good.
	DeadLetterConfig struct{ TargetArn string }
	// TracingConfig says whether calls are traced: PassThrough or Active.
	TracingConfig struct{ Mode string }
	// LayerReference is a layer version that a function uses.
	LayerReference struct {
		Arn      string
		CodeSize int64
	}
	// EphemeralStorage is the size of /tmp in MB.
	EphemeralStorage struct{ Size int }
	// SnapStart says for which versions a snapshot is taken: here for none.
	SnapStart struct{ ApplyOn, OptimizationStatus string }
	// RuntimeVersionConfig names the image of the runtime.
	RuntimeVersionConfig struct{ RuntimeVersionArn string }
	// LoggingConfig says where and how a function logs.
	LoggingConfig struct {
		ApplicationLogLevel string `json:",omitempty"`
		LogFormat           string
		LogGroup            string
		SystemLogLevel      string `json:",omitempty"`
	}
)

// A record is everything that belongs to one function, changed as one.
type record struct {
	Latest      version
	Versions    map[string]version // published ones by number
	Next        int                // number of the next one
	Aliases     map[string]Alias
	Policies    map[string]resourcePolicy // by qualifier; "" is the function itself
	URLs        map[string]FunctionURL    // by alias; "" is the function itself
	Async       map[string]EventInvokeConfig
	Reserved    *int
	Provisioned map[string]Provision // by version or alias
	Tags        map[string]string
}

// A version is a configuration with its code.
type version struct {
	Function
	Code      string   // blob hash of the archive
	LayerCode []string // blob hashes of the layers' archives
}

// An Alias is a name for a version.
type Alias struct {
	AliasArn        string
	Name            string
	FunctionVersion string
	Description     string
	RevisionId      string
	RoutingConfig   *RoutingConfig `json:",omitempty"`
}

// RoutingConfig sends a share of an alias's calls to another version.
type RoutingConfig struct {
	AdditionalVersionWeights map[string]float64
}

const latest = "$LATEST"

// lastModified is the time as LastModified has it.
func lastModified(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000+0000") }
