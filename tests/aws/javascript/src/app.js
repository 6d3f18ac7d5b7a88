// A handler that uses DynamoDB, S3 and SQS by the AWS SDK for JavaScript v3, as docs/aws.md shows it. It knows nothing of
// keys.
import { DynamoDBClient, GetItemCommand, ListTablesCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";

const NAME = "things";
// Without `..`, which no URL of `fetch` can have.
const KEY = "j s/ü+(1)!*'~=&//d.txt";

const once = (make) => {
  let made;
  return () => (made ??= make());
};
const database = once(() => new DynamoDBClient());
const objects = once(() => new S3Client());
const queues = once(() => new SQSClient());

async function dynamodb() {
  await database().send(new PutItemCommand({ TableName: NAME, Item: { id: { S: "ü" }, count: { N: "3" } } }));
  const { Item } = await database().send(new GetItemCommand({ TableName: NAME, Key: { id: { S: "ü" } } }));
  return { count: Item.count.N, id: Item.id.S };
}

async function s3({ size }) {
  const body = Buffer.alloc(Number(size), Uint8Array.from({ length: 256 }, (_, at) => at));
  const target = { Bucket: NAME, Key: KEY };
  await objects().send(new PutObjectCommand({ ...target, Body: body, Metadata: { a: "b  c" } }));
  const { Body } = await objects().send(new GetObjectCommand(target));
  const { Contents } = await objects().send(new ListObjectsV2Command({ Bucket: NAME, Prefix: "j s/ü+" }));
  const isSame = body.equals(await Body.transformToByteArray()) && Contents.map(({ Key }) => Key).join("\n") === KEY;
  return { same: isSame, size: Contents[0].Size };
}

async function sqs() {
  const { QueueUrl } = await queues().send(new GetQueueUrlCommand({ QueueName: NAME }));
  await queues().send(new SendMessageCommand({ QueueUrl, MessageBody: "a message with ü" }));
  const { Messages } = await queues().send(new ReceiveMessageCommand({ QueueUrl }));
  const [{ Body, ReceiptHandle }] = Messages;
  await queues().send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  return { message: Body };
}

/** Signed by this program alone: the host does not sign requests to this origin. */
async function own() {
  const client = new DynamoDBClient({ endpoint: process.env.OTHER_URL, maxAttempts: 1 });
  await client.send(new ListTablesCommand());
  return { signed: "by the handler" };
}

/** Signed requests, and then time to search this memory, which has the text of the query in it. */
async function hold({ seconds, marker }) {
  await dynamodb();
  await s3({ size: 1000 });
  await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));
  return { held: marker };
}

const ROUTES = { dynamodb, s3, sqs, own, hold, environment: () => ({ ...process.env }) };

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    try {
      return Response.json(await ROUTES[pathname.slice(1)](Object.fromEntries(searchParams)));
    } catch (error) {
      const told = { error: `${error.name}: ${error.message}`, status: error.$metadata?.httpStatusCode };
      return Response.json(told, { status: 502 });
    }
  },
};
