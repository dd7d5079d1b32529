package s3

import (
	"context"
	"net/http"

	"github.com/hakonegate/hakone/internal/wire"
)

// API returns S3 as its clients see it.
func (s *Service) API() wire.Service {
	return wire.Service{
		Name: "s3", Protocol: wire.RESTXML, HasBucket: s.HasBucket, CORS: s.CORS,
		Operations: append(s.bucketOperations(), s.objectOperations()...),
	}
}

const ok, noContent = http.StatusOK, http.StatusNoContent

// on returns what an action on a bucket needs.
func on[I any](s *Service, action string) func(*I) []ask {
	return func(in *I) []ask {
		t, _ := any(in).(interface{ at() *target })
		return []ask{{action, s.bucketARN(t.at().Bucket)}}
	}
}

// byFind is for operations on an object that there is: [Service.find] asks, since
// the object's tags may decide.
func byFind[I any](*I) []ask { return nil }

// setting returns the operations on a setting of buckets.
func setting[P, G any](
	s *Service, what, parameter, read, write string,
	put func(context.Context, *P) (*wire.Nothing, error), get func(context.Context, *bucketInput) (*G, error), status int,
) []wire.Operation {
	path := "/{Bucket}?" + parameter
	return []wire.Operation{
		op(s, "Put"+what, on[P](s, write), put).At("PUT", path, status),
		op(s, "Get"+what, on[bucketInput](s, read), get).At("GET", path, ok),
	}
}

func (s *Service) bucketOperations() []wire.Operation {
	bucketRead := func(name, action, parameter string, run func(context.Context, *bucketInput) (*documentOutput, error)) wire.Operation {
		return op(s, name, on[bucketInput](s, action), run).At("GET", "/{Bucket}?"+parameter, ok)
	}
	remove := func(name, action, parameter string, run func(context.Context, *bucketInput) (*wire.Nothing, error)) wire.Operation {
		return op(s, name, on[bucketInput](s, action), run).At("DELETE", "/{Bucket}"+parameter, noContent)
	}
	list := []wire.Operation{
		op(s, "ListBuckets", func(*listBucketsInput) []ask { return []ask{{"s3:ListAllMyBuckets", "*"}} }, s.listBuckets).At("GET", "/", ok),
		op(s, "CreateBucket", func(in *createBucketInput) []ask { return []ask{{"s3:CreateBucket", s.bucketARN(in.Bucket)}} }, s.createBucket).At("PUT", "/{Bucket}", ok),
		op(s, "HeadBucket", on[bucketInput](s, "s3:ListBucket"), s.headBucket).At("HEAD", "/{Bucket}", ok),
		remove("DeleteBucket", "s3:DeleteBucket", "", s.deleteBucket),
		op(s, "GetBucketLocation", on[bucketInput](s, "s3:GetBucketLocation"), s.getBucketLocation).At("GET", "/{Bucket}?location", ok),
		op(s, "ListObjects", on[listObjectsInput](s, "s3:ListBucket"), s.listObjects).At("GET", "/{Bucket}", ok),
		op(s, "ListObjectsV2", on[listObjectsV2Input](s, "s3:ListBucket"), s.listObjectsV2).At("GET", "/{Bucket}?list-type", ok),
		op(s, "ListObjectVersions", on[listVersionsInput](s, "s3:ListBucketVersions"), s.listObjectVersions).At("GET", "/{Bucket}?versions", ok),
		op(s, "ListMultipartUploads", on[listUploadsInput](s, "s3:ListBucketMultipartUploads"), s.listMultipartUploads).At("GET", "/{Bucket}?uploads", ok),
		op(s, "DeleteObjects", func(*deleteObjectsInput) []ask { return nil }, s.deleteObjects).At("POST", "/{Bucket}?delete", ok),
		remove("DeleteBucketEncryption", "s3:PutEncryptionConfiguration", "?encryption", s.deleteBucketEncryption),
		remove("DeleteBucketPolicy", "s3:DeleteBucketPolicy", "?policy", s.deleteBucketPolicy),
		remove("DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock", "?publicAccessBlock", s.deletePublicAccessBlock),
		remove("DeleteBucketTagging", "s3:PutBucketTagging", "?tagging", s.deleteBucketTagging),
		remove("DeleteBucketLifecycle", "s3:PutLifecycleConfiguration", "?lifecycle", s.deleteLifecycle),
		remove("DeleteBucketCors", "s3:PutBucketCORS", "?cors", s.deleteBucketCORS),
		op(s, "GetBucketPolicyStatus", on[bucketInput](s, "s3:GetBucketPolicyStatus"), s.getBucketPolicyStatus).At("GET", "/{Bucket}?policyStatus", ok),
		op(s, "GetBucketAcl", on[bucketInput](s, "s3:GetBucketAcl"), s.getBucketACL).At("GET", "/{Bucket}?acl", ok),

		// What no bucket has. To set it is refused: there is no such operation.
		bucketRead("GetBucketNotificationConfiguration", "s3:GetBucketNotification", "notification", empty("NotificationConfiguration", "")),
		bucketRead("GetBucketLogging", "s3:GetBucketLogging", "logging", empty("BucketLoggingStatus", "")),
		bucketRead("GetBucketAccelerateConfiguration", "s3:GetAccelerateConfiguration", "accelerate", empty("AccelerateConfiguration", "")),
		bucketRead("GetBucketRequestPayment", "s3:GetBucketRequestPayment", "requestPayment", empty("RequestPaymentConfiguration", "BucketOwner")),
		bucketRead("GetBucketWebsite", "s3:GetBucketWebsite", "website", none("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration")),
		bucketRead("GetBucketReplication", "s3:GetReplicationConfiguration", "replication", none("ReplicationConfigurationNotFoundError", "The replication configuration was not found")),
		bucketRead("GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration", "object-lock", none("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket")),
	}
	list = append(list, setting(s, "BucketVersioning", "versioning", "s3:GetBucketVersioning", "s3:PutBucketVersioning", s.putBucketVersioning, s.getBucketVersioning, ok)...)
	list = append(list, setting(s, "BucketEncryption", "encryption", "s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration", s.putBucketEncryption, s.getBucketEncryption, ok)...)
	list = append(list, setting(s, "BucketPolicy", "policy", "s3:GetBucketPolicy", "s3:PutBucketPolicy", s.putBucketPolicy, s.getBucketPolicy, noContent)...)
	list = append(list, setting(s, "PublicAccessBlock", "publicAccessBlock", "s3:GetBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock", s.putPublicAccessBlock, s.getPublicAccessBlock, ok)...)
	list = append(list, setting(s, "BucketTagging", "tagging", "s3:GetBucketTagging", "s3:PutBucketTagging", s.putBucketTagging, s.getBucketTagging, noContent)...)
	list = append(list, setting(s, "BucketLifecycleConfiguration", "lifecycle", "s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration", s.putLifecycle, s.getLifecycle, ok)...)
	list = append(list, setting(s, "BucketOwnershipControls", "ownershipControls", "s3:GetBucketOwnershipControls", "s3:PutBucketOwnershipControls", s.putOwnershipControls, s.getOwnershipControls, ok)...)
	return append(list, setting(s, "BucketCors", "cors", "s3:GetBucketCORS", "s3:PutBucketCORS", s.putBucketCORS, s.getBucketCORS, ok)...)
}

func (s *Service) objectOperations() []wire.Operation {
	const path = "/{Bucket}/{Key+}"
	return []wire.Operation{
		op(s, "GetObject", byFind[getObjectInput], s.getObject).At("GET", path, ok),
		op(s, "HeadObject", byFind[getObjectInput], s.headObject).At("HEAD", path, ok),
		op(s, "GetObjectAttributes", byFind[attributesInput], s.getObjectAttributes).At("GET", path+"?attributes", ok),
		op(s, "PutObject", func(in *putObjectInput) []ask { return s.putAsks(in.Bucket, in.Key, in.Tagging) }, s.putObject).At("PUT", path, ok),
		op(s, "DeleteObject", func(in *deleteObjectInput) []ask {
			return s.objectAsk("s3:DeleteObject", in.Bucket, in.Key, in.VersionID)
		}, s.deleteObject).At("DELETE", path, noContent),
		op(s, "CopyObject", func(in *copyObjectInput) []ask { return s.putAsks(in.Bucket, in.Key, in.Tagging) }, s.copyObject).At("PUT", path+"?"+copyMark, ok),
		op(s, "GetObjectAcl", byFind[objectInput], s.getObjectACL).At("GET", path+"?acl", ok),
		op(s, "GetObjectTagging", byFind[objectInput], s.getObjectTagging).At("GET", path+"?tagging", ok),
		op(s, "DeleteObjectTagging", byFind[objectInput], s.deleteObjectTagging).At("DELETE", path+"?tagging", noContent),
		op(s, "PutObjectTagging", byFind[putObjectTaggingInput], s.putObjectTagging).At("PUT", path+"?tagging", ok),
		op(s, "CreateMultipartUpload", func(in *createUploadInput) []ask { return s.putAsks(in.Bucket, in.Key, in.Tagging) }, s.createMultipartUpload).At("POST", path+"?uploads", ok),
		op(s, "UploadPart", func(in *uploadPartInput) []ask { return s.putAsks(in.Bucket, in.Key, "") }, s.uploadPart).At("PUT", path+"?uploadId&partNumber", ok),
		op(s, "UploadPartCopy", func(in *copyPartInput) []ask { return s.putAsks(in.Bucket, in.Key, "") }, s.uploadPartCopy).At("PUT", path+"?uploadId&partNumber&"+copyMark, ok),
		op(s, "CompleteMultipartUpload", func(in *completeInput) []ask { return s.putAsks(in.Bucket, in.Key, "") }, s.completeMultipartUpload).At("POST", path+"?uploadId", ok),
		op(s, "AbortMultipartUpload", func(in *uploadInput) []ask {
			return []ask{{"s3:AbortMultipartUpload", s.objectARN(in.Bucket, in.Key)}}
		}, s.abortMultipartUpload).At("DELETE", path+"?uploadId", noContent),
		op(s, "ListParts", func(in *listPartsInput) []ask {
			return []ask{{"s3:ListMultipartUploadParts", s.objectARN(in.Bucket, in.Key)}}
		}, s.listParts).At("GET", path+"?uploadId", ok),
		wire.Op("PreflightObject", s.preflight, nil).As(wire.ByOperation).At("OPTIONS", path, ok),
		wire.Op("PreflightBucket", s.preflight, nil).As(wire.ByOperation).At("OPTIONS", "/{Bucket}", ok),
	}
}

// copyMark tells requests that copy from those that bring a content.
const copyMark = "x-amz-copy-source"
