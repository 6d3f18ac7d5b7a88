// A handler that uses DynamoDB, S3 and SQS by the AWS SDK for Go v2, as docs/aws.md shows it. It knows nothing of keys.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"funcserver.example/guest"
)

const key = "a b/ü+(1)!*'~=&/../c//d.txt"

var name = aws.String("things")

var settings = sync.OnceValue(func() aws.Config {
	found, err := config.LoadDefaultConfig(context.Background(), config.WithHTTPClient(http.DefaultClient))
	if err != nil {
		panic(err)
	}
	return found
})

var (
	database = sync.OnceValue(func() *dynamodb.Client { return dynamodb.NewFromConfig(settings()) })
	objects  = sync.OnceValue(func() *s3.Client { return s3.NewFromConfig(settings()) })
	queues   = sync.OnceValue(func() *sqs.Client { return sqs.NewFromConfig(settings()) })
)

type query = func(string) string

type values = map[string]any

func inDynamoDB(ctx context.Context, _ query) (values, error) {
	id := &types.AttributeValueMemberS{Value: "ü"}
	count := &types.AttributeValueMemberN{Value: "3"}
	item := map[string]types.AttributeValue{"id": id, "count": count}
	if _, err := database().PutItem(ctx, &dynamodb.PutItemInput{TableName: name, Item: item}); err != nil {
		return nil, err
	}
	wanted := &dynamodb.GetItemInput{TableName: name, Key: map[string]types.AttributeValue{"id": id}}
	found, err := database().GetItem(ctx, wanted)
	if err != nil {
		return nil, err
	}
	return values{
		"count": found.Item["count"].(*types.AttributeValueMemberN).Value,
		"id":    found.Item["id"].(*types.AttributeValueMemberS).Value,
	}, nil
}

func inS3(ctx context.Context, q query) (values, error) {
	size, err := strconv.Atoi(q("size"))
	if err != nil {
		return nil, err
	}
	body := make([]byte, size)
	for at := range body {
		body[at] = byte(at)
	}
	_, err = objects().PutObject(ctx, &s3.PutObjectInput{
		Bucket: name, Key: aws.String(key), Body: bytes.NewReader(body), Metadata: map[string]string{"a": "b  c"},
	})
	if err != nil {
		return nil, err
	}
	answer, err := objects().GetObject(ctx, &s3.GetObjectInput{Bucket: name, Key: aws.String(key)})
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	listed, err := objects().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: name, Prefix: aws.String("a b/ü+")})
	if err != nil {
		return nil, err
	}
	if len(listed.Contents) != 1 {
		return nil, errors.New("the list has not one object")
	}
	first := listed.Contents[0]
	return values{"same": bytes.Equal(got, body) && *first.Key == key, "size": *first.Size}, nil
}

func inSQS(ctx context.Context, _ query) (values, error) {
	queue, err := queues().GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: name})
	if err != nil {
		return nil, err
	}
	text := aws.String("a message with ü")
	if _, err := queues().SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: queue.QueueUrl, MessageBody: text}); err != nil {
		return nil, err
	}
	received, err := queues().ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl})
	if err != nil {
		return nil, err
	}
	if len(received.Messages) != 1 {
		return nil, errors.New("there is not one message")
	}
	message := received.Messages[0]
	deleted := &sqs.DeleteMessageInput{QueueUrl: queue.QueueUrl, ReceiptHandle: message.ReceiptHandle}
	if _, err := queues().DeleteMessage(ctx, deleted); err != nil {
		return nil, err
	}
	return values{"message": *message.Body}, nil
}

// own is signed by this program alone: the host does not sign requests to this origin.
func own(ctx context.Context, _ query) (values, error) {
	client := dynamodb.NewFromConfig(settings(), func(o *dynamodb.Options) {
		o.BaseEndpoint = aws.String(os.Getenv("OTHER_URL"))
		o.RetryMaxAttempts = 1
	})
	_, err := client.ListTables(ctx, &dynamodb.ListTablesInput{})
	return values{"signed": "by the handler"}, err
}

func environment(context.Context, query) (values, error) {
	found := values{}
	for _, each := range os.Environ() {
		variable, value, _ := strings.Cut(each, "=")
		found[variable] = value
	}
	return found, nil
}

// hold sends signed requests, and gives time to search this memory, which has the text of the query in it.
func hold(ctx context.Context, q query) (values, error) {
	if _, err := inDynamoDB(ctx, q); err != nil {
		return nil, err
	}
	if _, err := inS3(ctx, func(string) string { return "1000" }); err != nil {
		return nil, err
	}
	pause, err := time.ParseDuration(q("seconds") + "s")
	if err != nil {
		return nil, err
	}
	time.Sleep(pause)
	return values{"held": q("marker")}, nil
}

func main() {
	routes := map[string]func(context.Context, query) (values, error){
		"/dynamodb":    inDynamoDB,
		"/s3":          inS3,
		"/sqs":         inSQS,
		"/own":         own,
		"/environment": environment,
		"/hold":        hold,
	}
	for path, route := range routes {
		http.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			told, err := route(r.Context(), r.FormValue)
			if err != nil {
				told = values{"error": err.Error()}
				var answered *awshttp.ResponseError
				if errors.As(err, &answered) {
					told["status"] = answered.HTTPStatusCode()
				}
			}
			w.Header().Set("content-type", "application/json")
			if err != nil {
				w.WriteHeader(http.StatusBadGateway)
			}
			_ = json.NewEncoder(w).Encode(told)
		})
	}
	guest.Serve(nil)
}
