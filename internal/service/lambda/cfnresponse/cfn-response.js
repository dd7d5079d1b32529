// Answers CloudFormation for a custom resource.
exports.SUCCESS = "SUCCESS";
exports.FAILED = "FAILED";

exports.send = function (event, context, responseStatus, responseData, physicalResourceId, noEcho) {
  const body = JSON.stringify({
    Status: responseStatus,
    Reason: "See the details in CloudWatch Log Stream: " + context.logStreamName,
    PhysicalResourceId: physicalResourceId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: responseData,
  });
  const url = new URL(event.ResponseURL);
  const options = { method: "PUT", headers: { "content-type": "", "content-length": Buffer.byteLength(body) } };
  return new Promise((resolve) => {
    const end = (what, value) => {
      console.log(what, value);
      if (typeof context.done === "function") context.done();
      resolve();
    };
    const request = require(url.protocol.slice(0, -1)).request(url, options, (response) => {
      response.resume();
      end("Status code:", response.statusCode);
    });
    request.on("error", (error) => end("send(..) failed executing the request:", error.message));
    request.end(body);
  });
};
