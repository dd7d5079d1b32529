// The context object that handlers get.
'use strict';

const parse = (text) => (text ? JSON.parse(text) : undefined);

function fixed() {
  const env = process.env;
  return {
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
  };
}

function ofCall([requestId, , arn, , clientContext, identity, tenant]) {
  return {
    clientContext: parse(clientContext),
    identity: parse(identity),
    invokedFunctionArn: arn,
    awsRequestId: requestId,
    tenantId: tenant || undefined,
  };
}

// legacy is the context until Node 22; done is told of callbacks.
function legacy(head, call) {
  const deadline = Number(head[1]);
  const { functionName, functionVersion, ...rest } = fixed();
  const context = {
    get callbackWaitsForEmptyEventLoop() {
      return call.waits;
    },
    set callbackWaitsForEmptyEventLoop(waits) {
      call.waits = Boolean(waits);
    },
    succeed: (result) => call.callback(null, result, true),
    fail: (error) => call.callback(error === undefined || error === null ? 'handled' : error, undefined, true),
    done: (error, result) => call.callback(error, result, true),
    functionVersion,
    functionName,
    ...rest,
    ...ofCall(head),
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  return context;
}

// modern is the context from Node 24 on.
function modern(head) {
  const deadline = Number(head[1]);
  return {
    ...ofCall(head),
    xRayTraceId: head[3] || undefined,
    getRemainingTimeInMillis: () => deadline - Date.now(),
    ...fixed(),
  };
}

module.exports = { legacy, modern };
