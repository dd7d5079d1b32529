// Package lambda is AWS Lambda: functions, their resource policies, and calls.
//
// A [Service] owns the records and offers Lambda's operations as Go functions;
// the resource types of CloudFormation call the same ones. [Service.Invoke]
// finds the function and its compiled policy in an immutable snapshot, decides
// whether the caller may, and hands the event to package execenv. It does not
// read the store.
package lambda
