package policy_test

import (
	"fmt"

	"github.com/hakonegate/hakone/policy"
)

// A role may call one stage of an API, and is asked for another.
func Example() {
	document, err := policy.Parse(policy.Identity, []byte(`{
	  "Version": "2012-10-17",
	  "Statement": [{
	    "Sid": "CallOrders",
	    "Effect": "Allow",
	    "Action": "execute-api:Invoke",
	    "Resource": "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/prod/GET/*"
	  }]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	request := &policy.Request{
		Principal: policy.Principal{
			Kind:      policy.AssumedRole,
			ARN:       "arn:aws:sts::111122223333:assumed-role/App/i-0abc",
			RoleARN:   "arn:aws:iam::111122223333:role/App",
			AccountID: "111122223333",
		},
		Action:   "execute-api:Invoke",
		Resource: "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/$default/GET/orders/7",
		Context:  policy.NewMap(map[string]policy.Value{"aws:SourceIp": policy.One("203.0.113.7")}),
	}
	policies := &policy.Set{Identity: []*policy.Policy{policy.New("orders", "", document)}}

	decision := policy.Evaluate(request, policies)
	fmt.Println(decision.Effect, decision.Clause(request.Action))
	fmt.Println(policy.Explain(request, policies).Text())
	// Output:
	// ImplicitlyDenied because no identity-based policy allows the execute-api:Invoke action
	// Denied: nothing allows it
	//   action    execute-api:Invoke
	//   resource  arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/$default/GET/orders/7
	//   caller    arn:aws:sts::111122223333:assumed-role/App/i-0abc (a session of arn:aws:iam::111122223333:role/App)
	//
	// User: arn:aws:sts::111122223333:assumed-role/App/i-0abc is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/$default/GET/orders/7 because no identity-based policy allows the execute-api:Invoke action.
	//
	// Nearest: statement "CallOrders" of policy orders, line 3.
	// It does not apply: its resource has the stage "prod", where the request has "$default".
	//   policy   arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/prod/GET/*
	//   request  arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/$default/GET/orders/7
	//
	// Likely:
	//   - statement "CallOrders" of policy orders: the stage differs: the policy has prod, the request came to $default
	//
	// To allow it, add to a policy of role App:
	//   {
	//     "Effect": "Allow",
	//     "Action": "execute-api:Invoke",
	//     "Resource": "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/$default/GET/orders/7"
	//   }
	//
	// What each policy says:
	//   identity-based policy            says nothing
	//     Allow orders CallOrders: does not apply: its resource has the stage "prod", where the request has "$default"
}
