import os

import boto3


def handler(event, context):
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    table.put_item(Item={"pk": "a", "sk": 1, "g": "x"})
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=os.environ["QUEUE"], MessageBody="direct")
    boto3.client("sns").publish(TopicArn=os.environ["TOPIC"], Message="by topic")
    found = []
    while len(found) < 2:
        answer = sqs.receive_message(QueueUrl=os.environ["QUEUE"], MaxNumberOfMessages=10, WaitTimeSeconds=1)
        found += [m["Body"] for m in answer.get("Messages", [])]
    description = table.meta.client.describe_table(TableName=table.name)["Table"]
    return {
        "item": str(table.get_item(Key={"pk": "a", "sk": 1})["Item"]["g"]),
        "found": sorted(found),
        "indexes": [i["IndexName"] for i in description.get("GlobalSecondaryIndexes", [])],
        "billing": description.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        "delay": sqs.get_queue_attributes(QueueUrl=os.environ["QUEUE"], AttributeNames=["VisibilityTimeout"])["Attributes"]["VisibilityTimeout"],
    }
