const {
  App, Stack, CfnOutput, RemovalPolicy,
  aws_apigatewayv2: apigatewayv2, aws_apigatewayv2_integrations: integrations, aws_lambda: lambda, aws_s3: s3,
} = require("aws-cdk-lib");

const stack = new Stack(new App(), "CdkApp");
const bucket = new s3.Bucket(stack, "Things", { removalPolicy: RemovalPolicy.DESTROY, versioned: true, enforceSSL: true });
const hello = new lambda.Function(stack, "Hello", {
  runtime: lambda.Runtime.PYTHON_3_12, handler: "app.handler", code: lambda.Code.fromAsset("lambda"), environment: { BUCKET: bucket.bucketName },
});
bucket.grantReadWrite(hello);
const api = new apigatewayv2.HttpApi(stack, "Api");
api.addRoutes({ path: "/hello", methods: [apigatewayv2.HttpMethod.GET], integration: new integrations.HttpLambdaIntegration("Call", hello) });
new CfnOutput(stack, "ApiId", { value: api.apiId });
