// The context object that handlers get.
'use strict';

const parse = (text) => (text ? JSON.parse(text) : undefined);

// set is what the environment says, read once: its names are reserved.
let set;

function environment() {
  const env = process.env;
  return (set = {
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
  });
}

// legacy is the context until Node 22; its callbacks tell the call. The order of members is
// Lambda's, which shows when a context is printed.
function legacy(head, call) {
  const deadline = Number(head[1]);
  const fixed = set || environment();
  return {
    callbackWaitsForEmptyEventLoop: true,
    succeed: (result) => call.callback(null, result, true),
    fail: (error) => call.callback(error === undefined || error === null ? 'handled' : error, undefined, true),
    done: (error, result) => call.callback(error, result, true),
    functionVersion: fixed.functionVersion,
    functionName: fixed.functionName,
    memoryLimitInMB: fixed.memoryLimitInMB,
    logGroupName: fixed.logGroupName,
    logStreamName: fixed.logStreamName,
    clientContext: parse(head[4]),
    identity: parse(head[5]),
    invokedFunctionArn: head[2],
    awsRequestId: head[0],
    tenantId: head[6] || undefined,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

// modern is the context from Node 24 on.
function modern(head) {
  const deadline = Number(head[1]);
  const fixed = set || environment();
  return {
    clientContext: parse(head[4]),
    identity: parse(head[5]),
    invokedFunctionArn: head[2],
    awsRequestId: head[0],
    tenantId: head[6] || undefined,
    xRayTraceId: head[3] || undefined,
    getRemainingTimeInMillis: () => deadline - Date.now(),
    functionName: fixed.functionName,
    functionVersion: fixed.functionVersion,
    memoryLimitInMB: fixed.memoryLimitInMB,
    logGroupName: fixed.logGroupName,
    logStreamName: fixed.logStreamName,
  };
}

module.exports = { legacy, modern };
