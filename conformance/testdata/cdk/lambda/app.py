import os


def handler(event, context):
    return {"statusCode": 200, "body": "hello from cdk " + os.environ["BUCKET"]}
