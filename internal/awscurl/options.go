package awscurl

import "time"

// options are the command line, parsed.
type options struct {
	url        string
	help       bool
	helpTopic  string
	version    bool
	completion string

	// the request
	method     string
	data       []datum
	binary     bool // the original's switch --data-binary; changes nothing here
	form       []formPart
	upload     string
	get        bool
	head       bool
	jsonBody   bool
	urlQuery   []string
	headers    []string
	userAgent  string
	referer    string
	cookies    []string
	cookieJar  string
	byteRange  string
	resume     string
	compressed bool
	user       string
	netrc      bool
	pathAsIs   bool

	// who signs, and for what
	region, service                     string
	profile                             string
	accessKey, secretKey                string
	accessKeyGiven, secretKeyGiven      bool
	sessionToken, securityToken         string
	awsSigV4                            string
	asymmetric                          bool
	regionSet                           string
	unsigned                            bool
	unsignedPayload                     bool
	signHost                            string
	signedHeaders                       string
	clockSkew                           string
	roles                               []string
	externalID, roleSession             string
	mfaSerial, mfaCode                  string
	stsEndpoint                         string
	imdsV1                              bool
	presign                             time.Duration
	printCurl, dryRun, showSigning, why bool
	diffSignature                       bool

	// the connection
	insecure                      bool
	tlsMin, tlsMax                string
	caCert, caPath                string
	cert, key                     string
	proxy, noProxy, proxyUser     string
	noProxyGiven                  bool
	resolve, connectTo            []string
	unixSocket, netInterface      string
	ipv4, ipv6                    bool
	httpVersion                   string // "1.1", "2", "2-prior"; empty: as the server likes
	maxTime, connectTimeout       time.Duration
	location, locationTrusted     bool
	resign                        bool
	maxRedirects                  int
	protoRedir                    string
	retries                       int
	retryDelay, retryMaxTime      time.Duration
	retryConnRefused, retryErrors bool

	// the output
	verbose, silent, showError bool
	include                    bool
	fail, failWithBody         bool
	output                     string
	remoteName, remoteHeader   bool
	createDirs                 bool
	dumpHeader                 string
	writeOut                   string
	noBuffer                   bool
	progress                   bool
	pretty, noPretty           bool
	trace                      string
	traceASCII                 bool
}

// A datum is one -d or one of its relatives.
type datum struct {
	kind  dataKind
	value string
}

type dataKind uint8

const (
	dataPlain     dataKind = iota // -d: text, @FILE or @-, bytes as they are
	dataRaw                       // --data-raw: text, whatever it starts with
	dataURLEncode                 // --data-urlencode
	dataJSON                      // --json: joined without "&"
	dataCurl                      // --data-binary VALUE, as curl has it
)
