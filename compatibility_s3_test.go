package hakone_test

const (
	inBuckets = "internal/service/s3."
	inBlobs   = "internal/blob."
)

func s3Compatibility() compatibility {
	return compatibility{
		title: "S3",
		intro: "On the control plane's endpoint, for deployment tools, functions and clients of this machine. A parameter, header, XML element or property that is not\n" +
			"honoured is refused by its name.",
		sections: []compatibilitySection{
			{"Buckets", []compatibilityRow{
				{"create, head, delete, list, location", yes, "", []string{inWire + "TestS3Buckets"}},
				{"path style and virtual hosts: `BUCKET.localhost`, `BUCKET.s3.*`", yes, "", []string{inWire + "TestS3VirtualHosts"}},
				{"versioning", partly, "MFA delete; more than 2,000 versions of a key", []string{inWire + "TestS3Versions"}},
				{"policies and public access blocks", yes, "", []string{inWire + "TestS3Access", inBuckets + "TestIsPublic"}},
				{"tags, CORS", yes, "", []string{inWire + "TestS3Settings", inWire + "TestS3CORS"}},
				{"lifecycle rules", partly, "expire objects, versions and uploads; there are no transitions", []string{inBuckets + "TestLifecycle"}},
				{"default encryption", partly, "a label: it is kept and told, contents are as safe as the data directory", []string{inWire + "TestS3Settings"}},
				{"access control lists, websites, replication, object lock, logging, notifications, inventories", no, "reading them tells that there are none", nil},
			}},
			{"Objects", []compatibilityRow{
				{"put, get, head, delete, many at once; ranges, conditions, metadata", yes, "", []string{inWire + "TestS3Objects", inWire + "TestS3LargeObject"}},
				{"listings (both versions, of object versions): prefix, delimiter, pages", yes, "", []string{inWire + "TestS3Listing", inWire + "TestS3Versions"}},
				{"copies", yes, "", []string{inWire + "TestS3Copy"}},
				{"tags and conditions on them", yes, "", []string{inWire + "TestS3Objects", inWire + "TestS3ExistingObjectTags"}},
				{"checksums: CRC32, CRC32C, CRC64NVME, SHA-1, SHA-256, Content-MD5", yes, "", []string{inWire + "TestS3Checksums"}},
				{"uploads in parts, whole and composite checksums", yes, "", []string{inWire + "TestS3Multipart"}},
				{"storage classes, restores, Select, torrents, keys of clients (SSE-C)", no, "refused", nil},
			}},
			{"Callers", []compatibilityRow{
				{"SigV4 with the payload's hash, without, in chunks with signatures and trailers", yes, "", []string{inWire + "TestS3StreamedUploads", "sigv4.TestChunksOfAWSExample"}},
				{"presigned URLs", partly, "Signature Version 2, for buckets made since June 2020 not on AWS either; forms of browsers (POST)", []string{inWire + "TestS3PresignedURLs"}},
				{"identity policies, bucket policies, anonymous callers", yes, "", []string{inWire + "TestS3Access"}},
				{"`aws s3`, `aws s3api`, boto3", yes, "", []string{inConformance + "TestS3Clients"}},
			}},
			{"Deployments", []compatibilityRow{
				{"`sam deploy --resolve-s3`, nested applications, layers", yes, "", []string{inConformance + "TestSAMDeploys"}},
				{"`cdk bootstrap`, `cdk deploy`, `cdk destroy`", partly, "assets that are files; container images need a registry", []string{inConformance + "TestCDKDeploys"}},
				{"`AWS::S3::Bucket`, `AWS::S3::BucketPolicy`", partly, "the properties of what is above", []string{inBuckets + "TestBucketType", inBuckets + "TestBucketPolicyType"}},
				{"`TemplateURL`, code, layers and API documents in S3", yes, "", []string{inBuckets + "TestOtherServicesReadAndWrite", inConformance + "TestSAMDeploys"}},
				{"room of deleted contents is given back", partly, "not while several nodes share a NATS server", []string{inBlobs + "TestSweepDoesNotRaceWithWriters", inBuckets + "TestSweepBesideWriters"}},
			}},
		},
	}
}
