package awscurl

import (
	"errors"
	"strconv"
	"time"
)

func signingFlags() []flag {
	return []flag{
		{
			long: "service", arg: "NAME", original: true, group: groupSigning,
			help: "the service to sign for; from an AWS host name, else execute-api",
			set:  text(func(o *options) *string { return &o.service }),
		},
		{
			long: "region", arg: "REGION", original: true, group: groupSigning,
			help: "the region to sign for; from an AWS host name, AWS_REGION, AWS_DEFAULT_REGION, the profile, else us-east-1; * signs with SigV4A",
			set:  text(func(o *options) *string { return &o.region }),
		},
		{
			long: "no-sign-request", group: groupSigning,
			help: "send without a signature", set: on(func(o *options) *bool { return &o.unsigned }),
		},
		{
			long: "unsigned-payload", group: groupSigning,
			help: "leave the body out of the signature (S3 over https)", set: on(func(o *options) *bool { return &o.unsignedPayload }),
		},
		{
			long: "sign-host", arg: "HOST", group: groupSigning,
			help: "sign for HOST, which a proxy in front of the service will put into the Host header",
			set:  text(func(o *options) *string { return &o.signHost }),
		},
		{
			long: "signed-headers", arg: "NAMES", group: groupSigning,
			help: "sign these headers too: names with commas between them", set: text(func(o *options) *string { return &o.signedHeaders }),
		},
		{
			long: "sigv4a", group: groupSigning,
			help: "sign with SigV4A, good in several regions", set: on(func(o *options) *bool { return &o.asymmetric }),
		},
		{
			long: "region-set", arg: "REGIONS", group: groupSigning,
			help: "the regions that a SigV4A signature is good for, as eu-west-1,us-*", set: text(func(o *options) *string { return &o.regionSet }),
		},
		{
			long: "aws-sigv4", arg: "PROVIDERS", group: groupSigning,
			help: `curl's way: "aws:amz:REGION:SERVICE", with the keys in -u`, set: text(func(o *options) *string { return &o.awsSigV4 }),
		},
		{
			long: "clock-skew", arg: "auto", group: groupSigning,
			help: "auto: after a 403 from a server whose clock is more than 4 minutes off, sign once more by that clock",
			set: func(o *options, value string) error {
				if o.clockSkew = value; value != "auto" {
					return errors.New("the value is auto")
				}
				return nil
			},
		},
		{
			long: "presign", arg: "[SECONDS]", group: groupSigning,
			help:     "print a signed URL, good for SECONDS (900; at most 604800), and send nothing",
			optional: func(_ *options, word string, _ []string) bool { _, err := strconv.Atoi(word); return err == nil },
			set: func(o *options, value string) error {
				seconds := 900
				if value != "" {
					var err error
					if seconds, err = strconv.Atoi(value); err != nil || seconds < 1 || seconds > 604800 {
						return errors.New("it is a number of seconds from 1 to 604800")
					}
				}
				o.presign = time.Duration(seconds) * time.Second
				return nil
			},
		},
		{
			long: "print-curl", group: groupSigning,
			help: "print a curl command with the signed headers, and send nothing", set: on(func(o *options) *bool { return &o.printCurl }),
		},
		{
			long: "dry-run", group: groupSigning,
			help: "print the signed request as HTTP text, and send nothing", set: on(func(o *options) *bool { return &o.dryRun }),
		},
		{
			long: "show-signing", group: groupSigning,
			help: "print the canonical request and the string to sign, and send nothing", set: on(func(o *options) *bool { return &o.showSigning }),
		},
		{
			long: "diff-signature", group: groupSigning,
			help: "after a refusal that says what should have been signed, show the first line that differs",
			set:  on(func(o *options) *bool { return &o.diffSignature }),
		},
		{
			long: "why", group: groupSigning,
			help: "after the answer, what the hakone gateway decided and why (hakone curl only)", set: on(func(o *options) *bool { return &o.why }),
		},
	}
}

func identityFlags() []flag {
	accessKey := func(o *options, value string) error { o.accessKey, o.accessKeyGiven = value, true; return nil }
	secretKey := func(o *options, value string) error { o.secretKey, o.secretKeyGiven = value, true; return nil }
	return []flag{
		{
			long: "profile", arg: "NAME", original: true, group: groupIdentity,
			help: "a profile of ~/.aws; beats keys in the environment", set: text(func(o *options) *string { return &o.profile }),
		},
		{
			long: "access_key", arg: "ID", original: true, group: groupIdentity,
			help: "access key ID (AWS_ACCESS_KEY_ID)", set: accessKey,
		},
		{
			long: "secret_key", arg: "SECRET", original: true, group: groupIdentity,
			help: "secret access key (AWS_SECRET_ACCESS_KEY)", set: secretKey,
		},
		{
			long: "session_token", arg: "TOKEN", original: true, group: groupIdentity,
			help: "session token (AWS_SESSION_TOKEN)", set: text(func(o *options) *string { return &o.sessionToken }),
		},
		{
			long: "security_token", arg: "TOKEN", original: true, group: groupIdentity,
			help: "the same by its old name (AWS_SECURITY_TOKEN), which wins", set: text(func(o *options) *string { return &o.securityToken }),
		},
		{long: "access-key", arg: "ID", hidden: true, group: groupIdentity, set: accessKey},
		{long: "secret-key", arg: "SECRET", hidden: true, group: groupIdentity, set: secretKey},
		{long: "session-token", arg: "TOKEN", hidden: true, group: groupIdentity, set: text(func(o *options) *string { return &o.sessionToken })},
		{long: "security-token", arg: "TOKEN", hidden: true, group: groupIdentity, set: text(func(o *options) *string { return &o.securityToken })},
		{
			long: "user", short: 'u', arg: "USER:PASSWORD", group: groupIdentity,
			help: "with --aws-sigv4, ID:SECRET; without it, HTTP Basic and no signature", set: text(func(o *options) *string { return &o.user }),
		},
		{
			long: "netrc", short: 'n', group: groupIdentity,
			help: "with --no-sign-request: HTTP Basic by ~/.netrc, or the file that NETRC names", set: on(func(o *options) *bool { return &o.netrc }),
		},
		{
			long: "role-arn", arg: "ARN", group: groupIdentity,
			help: "assume this role first; repeated, one after the other", set: list(func(o *options) *[]string { return &o.roles }),
		},
		{
			long: "role-session-name", arg: "NAME", group: groupIdentity,
			help: "the session name of assumed roles", set: text(func(o *options) *string { return &o.roleSession }),
		},
		{
			long: "external-id", arg: "ID", group: groupIdentity,
			help: "the external ID that the role asks for", set: text(func(o *options) *string { return &o.externalID }),
		},
		{
			long: "mfa-serial", arg: "ARN", group: groupIdentity,
			help: "the MFA device that the role asks for", set: text(func(o *options) *string { return &o.mfaSerial }),
		},
		{
			long: "mfa-code", arg: "CODE", group: groupIdentity,
			help: "its code; else it is asked for on the terminal", set: text(func(o *options) *string { return &o.mfaCode }),
		},
		{
			long: "endpoint-url-sts", arg: "URL", group: groupIdentity,
			help: "where STS is (AWS_ENDPOINT_URL_STS)", set: text(func(o *options) *string { return &o.stsEndpoint }),
		},
		{
			long: "imds-v1", group: groupIdentity,
			help: "let the instance metadata service fall back to its version 1", set: on(func(o *options) *bool { return &o.imdsV1 }),
		},
	}
}
