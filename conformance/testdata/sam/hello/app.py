import os
import words


def handler(event, context):
    return {"statusCode": 200, "body": words.GREETING + " " + os.environ["BUCKET"] + " " + os.environ["AWS_ENDPOINT_URL_S3"]}
