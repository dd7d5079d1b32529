'use strict';
exports.handler = async (event, context) => {
  console.log('node says %s', event.do);
  switch (event.do) {
    case 'fail':
      throw new TypeError('it failed');
    case 'circular':
      event.event = event;
      return event;
    case 'exit':
      process.exit(3);
  }
  return {
    event,
    arn: context.invokedFunctionArn.replace(/[^:]*$/, ''),
    version: context.functionVersion,
    memory: context.memoryLimitInMB,
    time: context.getRemainingTimeInMillis() > 0,
    umlaut: 'é',
  };
};

exports.stream = awslambda.streamifyResponse(async (event, responseStream, context) => {
  const stream = awslambda.HttpResponseStream.from(responseStream, { statusCode: 201, headers: { 'x-a': 'b' }, cookies: ['c=d'] });
  stream.write('hello ');
  if (event.do === 'fail') throw new TypeError('it failed');
  stream.write('world');
  stream.end();
});
