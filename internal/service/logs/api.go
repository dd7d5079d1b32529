package logs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/wire"
)

// API returns the surface of CloudWatch Logs: what clients read and write logs
// with, and the groups.
func (s *Service) API() wire.Service {
	return wire.Service{
		Name:     "logs",
		Protocol: wire.JSON11,
		Target:   "Logs_20140328",
		Facts:    s.facts,
		Operations: []wire.Operation{
			wire.Op("DescribeLogGroups", s.describeLogGroups, func(*describeGroupsRequest) string { return s.streamARN("", "") }),
			wire.Op("CreateLogGroup", s.createLogGroup, func(in *groupRequest) string { return s.streamARN(in.LogGroupName, "") }),
			wire.Op("DeleteLogGroup", s.deleteLogGroup, func(in *groupRequest) string { return s.streamARN(in.LogGroupName, "") }),
			wire.Op("PutRetentionPolicy", s.putRetentionPolicy, func(in *groupRequest) string { return s.streamARN(in.LogGroupName, "") }),
			wire.Op("DeleteRetentionPolicy", s.deleteRetentionPolicy, func(in *groupRequest) string { return s.streamARN(in.LogGroupName, "") }),
			wire.Op("TagLogGroup", s.tagLogGroup, s.taggedGroupARN),
			wire.Op("UntagLogGroup", s.untagLogGroup, s.taggedGroupARN),
			wire.Op("ListTagsLogGroup", s.listTagsLogGroup, s.taggedGroupARN),
			wire.Op("TagResource", s.tagResource, s.taggedResourceARN),
			wire.Op("UntagResource", s.untagResource, s.taggedResourceARN),
			wire.Op("ListTagsForResource", s.listTagsForResource, s.taggedResourceARN),
			wire.Op("CreateLogStream", s.createLogStream, s.oneStreamARN),
			wire.Op("DeleteLogStream", s.deleteLogStream, s.oneStreamARN),
			wire.Op("PutLogEvents", s.putLogEvents, func(in *putEventsRequest) string { return s.streamARN(in.LogGroupName, in.LogStreamName) }),
			wire.Op("DescribeLogStreams", s.describeLogStreams, func(in *streamsRequest) string { return s.streamARN(s.groupOf(in.groupName), "") }),
			wire.Op("GetLogEvents", s.getLogEvents, func(in *eventsRequest) string { return s.streamARN(s.groupOf(in.groupName), in.LogStreamName) }),
			wire.Op("FilterLogEvents", s.filterLogEvents, func(in *filterRequest) string { return s.streamARN(s.groupOf(in.groupName), "") }),
		},
	}
}

// groupName is how requests name a group.
type groupName struct {
	LogGroupName       string
	LogGroupIdentifier string // a name or an ARN
}

// groupOf returns the name of a group of this account, "" for none.
func (s *Service) groupOf(n groupName) string {
	if n.LogGroupIdentifier == "" {
		return n.LogGroupName
	}
	if n.LogGroupName != "" {
		return ""
	}
	name := n.LogGroupIdentifier
	if strings.HasPrefix(name, "arn:") {
		var ok bool
		if name, ok = strings.CutPrefix(name, strings.TrimSuffix(s.arn(""), ":*")); !ok {
			return ""
		}
		name = strings.TrimSuffix(name, ":*")
	}
	return name
}

// streamARN is what policies must allow: the streams of a group, or one.
func (s *Service) streamARN(group, stream string) string {
	return strings.TrimSuffix(s.arn(group), "*") + "log-stream:" + stream
}

// facts are what conditions may ask of a call.
func (s *Service) facts(_ string, in any) wire.Facts {
	var f wire.Facts
	name := ""
	switch in := in.(type) {
	case *groupRequest:
		name, f.RequestTags = in.LogGroupName, in.Tags
	case *streamsRequest:
		name = s.groupOf(in.groupName)
	case *eventsRequest:
		name = s.groupOf(in.groupName)
	case *filterRequest:
		name = s.groupOf(in.groupName)
	case *streamRequest:
		name = in.LogGroupName
	case *putEventsRequest:
		name = in.LogGroupName
	case *groupTagsRequest:
		name = in.LogGroupName
		f.RequestTags, f.TagKeys = tagsIn(in.Tags)
	case *resourceTagsRequest:
		name = s.groupOf(groupName{LogGroupIdentifier: in.ResourceArn})
		f.RequestTags, f.TagKeys = in.Tags, in.TagKeys
	}
	if g, ok := s.records.Get(name); ok {
		f.ResourceTags = g.Tags
	}
	return f
}

type describeGroupsRequest struct {
	LogGroupNamePrefix  string
	LogGroupNamePattern string
	Limit               int
	NextToken           string
}

type describedGroup struct {
	LogGroupName      string `json:"logGroupName"`
	Arn               string `json:"arn"`
	LogGroupArn       string `json:"logGroupArn"`
	CreationTime      int64  `json:"creationTime"`
	RetentionInDays   int    `json:"retentionInDays,omitempty"`
	KmsKeyId          string `json:"kmsKeyId,omitempty"`
	LogGroupClass     string `json:"logGroupClass"`
	MetricFilterCount int    `json:"metricFilterCount"`
	StoredBytes       int64  `json:"storedBytes"`
}

type describedGroups struct {
	LogGroups []describedGroup `json:"logGroups"`
	NextToken string           `json:"nextToken,omitempty"`
}

func (s *Service) describeLogGroups(_ context.Context, in *describeGroupsRequest) (*describedGroups, error) {
	out := []describedGroup{}
	for _, g := range s.LogGroups() {
		if !strings.HasPrefix(g.LogGroupName, in.LogGroupNamePrefix) || !strings.Contains(strings.ToLower(g.LogGroupName), strings.ToLower(in.LogGroupNamePattern)) {
			continue
		}
		d := describedGroup{
			LogGroupName: g.LogGroupName, Arn: g.Arn, LogGroupArn: strings.TrimSuffix(g.Arn, ":*"), CreationTime: g.CreationTime,
			RetentionInDays: g.RetentionInDays, KmsKeyId: g.KmsKeyId, LogGroupClass: g.LogGroupClass,
		}
		if d.LogGroupClass == "" {
			d.LogGroupClass = "STANDARD"
		}
		out = append(out, d)
	}
	groups, token, err := cut(out, in.Limit, 50, in.NextToken)
	return &describedGroups{groups, token}, err
}

type groupRequest struct {
	LogGroupName    string
	KmsKeyId        string
	LogGroupClass   string
	Tags            map[string]string
	RetentionInDays int
}

func (s *Service) createLogGroup(ctx context.Context, in *groupRequest) (*wire.Nothing, error) {
	_, err := s.CreateLogGroup(ctx, LogGroup{LogGroupName: in.LogGroupName, KmsKeyId: in.KmsKeyId, LogGroupClass: in.LogGroupClass, Tags: maps.Clone(in.Tags)})
	return &wire.Nothing{}, err
}

func (s *Service) deleteLogGroup(ctx context.Context, in *groupRequest) (*wire.Nothing, error) {
	return &wire.Nothing{}, s.DeleteLogGroup(ctx, in.LogGroupName)
}

// retentions are the days that may be chosen.
var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func (s *Service) putRetentionPolicy(ctx context.Context, in *groupRequest) (*wire.Nothing, error) {
	if !slices.Contains(retentions, in.RetentionInDays) {
		return nil, invalid("Invalid retention value: %d. Valid values are: %s", in.RetentionInDays, strings.Trim(fmt.Sprint(retentions), "[]"))
	}
	return &wire.Nothing{}, s.UpdateLogGroup(ctx, in.LogGroupName, func(g *LogGroup) { g.RetentionInDays = in.RetentionInDays })
}

func (s *Service) deleteRetentionPolicy(ctx context.Context, in *groupRequest) (*wire.Nothing, error) {
	return &wire.Nothing{}, s.UpdateLogGroup(ctx, in.LogGroupName, func(g *LogGroup) { g.RetentionInDays = 0 })
}
