package lambda

import (
	"context"
	"errors"
	"net/http"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/policy"
)

// maxRequest is how large a request with code may be.
const maxRequest = 70167211

const (
	functionsPath = "/2015-03-31/functions"
	functionPath  = functionsPath + "/{FunctionName}"
	aliasesPath   = functionPath + "/aliases"
	aliasPath     = aliasesPath + "/{Name}"
	tagsPath      = "/2017-03-31/tags/{Resource+}"

	eventInvokePath = "/2019-09-25/functions/{FunctionName}/event-invoke-config"
	provisionedPath = "/2019-09-30/functions/{FunctionName}/provisioned-concurrency"
	urlPath         = "/2021-10-31/functions/{FunctionName}/url"
	layersPath      = "/2018-10-31/layers"
	layerPath       = layersPath + "/{LayerName}/versions"
)

// API returns Lambda's surface. Operations that act on the function as a whole
// ask for the bare function's ARN, the others for that with the qualifier (AWS:
// "Actions, resources, and condition keys for AWS Lambda").
func (s *Service) API() wire.Service {
	return wire.Service{
		Name:     "lambda",
		Protocol: wire.RESTJSON1,
		MaxBody:  maxRequest,
		Refusal:  refusal,
		Facts:    s.facts,
		Operations: []wire.Operation{
			wire.Op("Invoke", s.invoke, nil).As(wire.ByOperation).At("POST", functionPath+"/invocations", http.StatusOK),

			wire.Op("InvokeWithResponseStream", s.invokeStream, nil).As(wire.ByOperation).At("POST", "/2021-11-15/functions/{FunctionName}/response-streaming-invocations", http.StatusOK),

			wire.Op("ListFunctions", s.listFunctions, nil).At("GET", functionsPath, http.StatusOK),
			wire.Op("CreateFunction", s.createFunction, s.newFunctionARN).At("POST", functionsPath, http.StatusCreated),
			wire.Op("GetFunction", s.getFunction, s.qualifiedARN).At("GET", functionPath, http.StatusOK),
			wire.Op("DeleteFunction", s.deleteFunction, s.qualifiedARN).At("DELETE", functionPath, http.StatusNoContent),
			wire.Op("GetFunctionConfiguration", s.getFunctionConfiguration, s.qualifiedARN).At("GET", functionPath+"/configuration", http.StatusOK),
			wire.Op("UpdateFunctionConfiguration", s.updateFunctionConfiguration, func(in *updateConfigurationRequest) string {
				return s.bareARN(in.FunctionName)
			}).At("PUT", functionPath+"/configuration", http.StatusOK),
			wire.Op("UpdateFunctionCode", s.updateFunctionCode, func(in *updateCodeRequest) string {
				return s.bareARN(in.FunctionName)
			}).At("PUT", functionPath+"/code", http.StatusOK),

			wire.Op("GetPolicy", s.getPolicy, s.qualifiedARN).At("GET", functionPath+"/policy", http.StatusOK),
			wire.Op("AddPermission", s.addPermission, func(in *addPermissionRequest) string {
				return s.referenceARN(in.FunctionName, in.Qualifier)
			}).At("POST", functionPath+"/policy", http.StatusCreated),
			wire.Op("RemovePermission", s.removePermission, func(in *removePermissionRequest) string {
				return s.referenceARN(in.FunctionName, in.Qualifier)
			}).At("DELETE", functionPath+"/policy/{StatementId}", http.StatusNoContent),

			wire.Op("ListVersionsByFunction", s.listVersions, s.listedARN).At("GET", functionPath+"/versions", http.StatusOK),
			wire.Op("PublishVersion", s.PublishVersion, func(in *PublishVersionInput) string {
				return s.bareARN(in.FunctionName)
			}).At("POST", functionPath+"/versions", http.StatusCreated),
			wire.Op("ListAliases", s.listAliases, s.listedARN).At("GET", aliasesPath, http.StatusOK),
			wire.Op("CreateAlias", s.CreateAlias, func(in *CreateAliasInput) string {
				return s.bareARN(in.FunctionName)
			}).At("POST", aliasesPath, http.StatusCreated),
			wire.Op("GetAlias", s.getAlias, s.aliasFunctionARN).At("GET", aliasPath, http.StatusOK),
			wire.Op("UpdateAlias", s.UpdateAlias, func(in *UpdateAliasInput) string {
				return s.bareARN(in.FunctionName)
			}).At("PUT", aliasPath, http.StatusOK),
			wire.Op("DeleteAlias", s.deleteAlias, s.aliasFunctionARN).At("DELETE", aliasPath, http.StatusNoContent),

			wire.Op("GetFunctionConcurrency", s.getConcurrency, s.functionARN).At("GET", "/2019-09-30/functions/{FunctionName}/concurrency", http.StatusOK),
			wire.Op("PutFunctionConcurrency", s.putConcurrency, func(in *concurrencyRequest) string {
				return s.bareARN(in.FunctionName)
			}).At("PUT", "/2017-10-31/functions/{FunctionName}/concurrency", http.StatusOK),
			wire.Op("DeleteFunctionConcurrency", s.deleteConcurrency, s.functionARN).At("DELETE", "/2017-10-31/functions/{FunctionName}/concurrency", http.StatusNoContent),

			wire.Op("PutProvisionedConcurrencyConfig", s.putProvisioned, func(in *provisionRequest) string {
				return s.referenceARN(in.FunctionName, in.Qualifier)
			}).At("PUT", provisionedPath, http.StatusAccepted),
			wire.Op("GetProvisionedConcurrencyConfig", s.getProvisioned, func(in *getProvisionRequest) string {
				return s.referenceARN(in.FunctionName, in.Qualifier)
			}).At("GET", provisionedPath, http.StatusOK),
			wire.Op("DeleteProvisionedConcurrencyConfig", s.deleteProvisioned, s.qualifiedARN).At("DELETE", provisionedPath, http.StatusNoContent),

			wire.Op("PutFunctionEventInvokeConfig", s.putEventInvoke, s.eventInvokeARN).At("PUT", eventInvokePath, http.StatusOK),
			wire.Op("UpdateFunctionEventInvokeConfig", s.updateEventInvoke, s.eventInvokeARN).At("POST", eventInvokePath, http.StatusOK),
			wire.Op("GetFunctionEventInvokeConfig", s.getEventInvoke, s.qualifiedARN).At("GET", eventInvokePath, http.StatusOK),
			wire.Op("DeleteFunctionEventInvokeConfig", s.deleteEventInvoke, s.qualifiedARN).At("DELETE", eventInvokePath, http.StatusNoContent),
			wire.Op("ListFunctionEventInvokeConfigs", s.listEventInvoke, s.listedARN).At("GET", eventInvokePath+"/list", http.StatusOK),

			wire.Op("CreateFunctionUrlConfig", s.createURL, s.urlARN).At("POST", urlPath, http.StatusCreated),
			wire.Op("GetFunctionUrlConfig", s.getURL, s.qualifiedARN).At("GET", urlPath, http.StatusOK),
			wire.Op("UpdateFunctionUrlConfig", s.updateURL, s.urlARN).At("PUT", urlPath, http.StatusOK),
			wire.Op("DeleteFunctionUrlConfig", s.deleteURL, s.qualifiedARN).At("DELETE", urlPath, http.StatusNoContent),
			wire.Op("ListFunctionUrlConfigs", s.listURLs, s.listedARN).At("GET", "/2021-10-31/functions/{FunctionName}/urls", http.StatusOK),

			wire.Op("ListLayers", s.listLayers, nil).As(wire.ByOperation).At("GET", layersPath, http.StatusOK),
			wire.Op("ListLayerVersions", s.listLayerVersions, s.listedLayerARN).At("GET", layerPath, http.StatusOK),
			wire.Op("PublishLayerVersion", s.publishLayer, s.publishedLayerARN).At("POST", layerPath, http.StatusCreated),
			wire.Op("GetLayerVersion", s.getLayer, s.layerVersionARN).At("GET", layerPath+"/{VersionNumber}", http.StatusOK),
			wire.Op("DeleteLayerVersion", s.deleteLayer, s.layerVersionARN).At("DELETE", layerPath+"/{VersionNumber}", http.StatusNoContent),

			wire.Op("GetLayerVersionPolicy", s.getLayerPolicy, s.layerVersionARN).At("GET", layerPath+"/{VersionNumber}/policy", http.StatusOK),
			wire.Op("AddLayerVersionPermission", s.addLayerPermission, s.layerPermissionARN).At("POST", layerPath+"/{VersionNumber}/policy", http.StatusCreated),
			wire.Op("RemoveLayerVersionPermission", s.removeLayerPermission, s.layerPermissionARN).At("DELETE", layerPath+"/{VersionNumber}/policy/{StatementId}", http.StatusNoContent),

			wire.Op("GetAccountSettings", s.accountSettings, nil).At("GET", "/2016-08-19/account-settings", http.StatusOK),
			wire.Op("GetFunctionCodeSigningConfig", s.getCodeSigning, s.functionARN).At("GET", "/2020-06-30/functions/{FunctionName}/code-signing-config", http.StatusOK),
			wire.Op("GetRuntimeManagementConfig", s.getRuntimeManagement, s.qualifiedARN).At("GET", "/2021-07-20/functions/{FunctionName}/runtime-management-config", http.StatusOK),
			wire.Op("GetFunctionRecursionConfig", s.getRecursion, s.functionARN).At("GET", "/2024-08-31/functions/{FunctionName}/recursion-config", http.StatusOK),

			wire.Op("ListTags", s.listTags, s.taggedARN).At("GET", tagsPath, http.StatusOK),
			wire.Op("TagResource", s.tagResource, s.taggedARN).At("POST", tagsPath, http.StatusNoContent),
			wire.Op("UntagResource", s.untagResource, s.taggedARN).At("DELETE", tagsPath, http.StatusNoContent),
		},
	}
}

// referenceARN is what a name and a qualifier lead to; "*" if nowhere, which
// the operation then refuses.
func (s *Service) referenceARN(name, qualifier string) string {
	r, err := s.resolve(name, qualifier)
	if err != nil {
		return "*"
	}
	return s.arn(r.name, r.qualifier)
}

// bareARN is that of the function, whatever qualifier the name has: for
// operations that do not look at it.
func (s *Service) bareARN(name string) string {
	r, err := s.resolve(name, "")
	if err != nil {
		return "*"
	}
	return s.arn(r.name, "")
}

func (s *Service) newFunctionARN(in *createRequest) string {
	var bad violations
	name := s.newName(in.FunctionName, &bad)
	if bad != nil {
		return "*"
	}
	return s.arn(name, "")
}

func (s *Service) qualifiedARN(in *functionRequest) string {
	return s.referenceARN(in.FunctionName, in.Qualifier)
}

func (s *Service) eventInvokeARN(in *eventInvokeRequest) string {
	return s.referenceARN(in.FunctionName, in.Qualifier)
}

func (s *Service) urlARN(in *urlRequest) string { return s.referenceARN(in.FunctionName, in.Qualifier) }

func (s *Service) listedARN(in *listOfFunctionRequest) string { return s.bareARN(in.FunctionName) }

func (s *Service) functionARN(in *functionRequest) string   { return s.bareARN(in.FunctionName) }
func (s *Service) aliasFunctionARN(in *aliasRequest) string { return s.bareARN(in.FunctionName) }
func (s *Service) taggedARN(in *tagsRequest) string         { return s.bareARN(in.Resource) }

// facts are what conditions may ask of a call.
func (s *Service) facts(_ string, in any) wire.Facts {
	f := wire.Facts{Keys: policy.Map{}}
	name := ""
	switch in := in.(type) {
	case *createRequest:
		f.RequestTags = in.Tags
		layersKey(f.Keys, in.Layers)
	case *updateConfigurationRequest:
		name = in.FunctionName
		layersKey(f.Keys, in.Layers)
	case *addPermissionRequest:
		name = in.FunctionName
		f.Keys["lambda:principal"] = policy.One(in.Principal)
		if in.FunctionUrlAuthType != "" {
			f.Keys["lambda:functionurlauthtype"] = policy.One(in.FunctionUrlAuthType)
		}
	case *removePermissionRequest:
		name = in.FunctionName
		f.Keys["lambda:principal"] = s.principalOf(in)
	case *tagsRequest:
		name, f.RequestTags, f.TagKeys = in.Resource, in.Tags, in.TagKeys
	case *functionRequest:
		name = in.FunctionName
	case *listOfFunctionRequest:
		name = in.FunctionName
	case *provisionRequest:
		name = in.FunctionName
	case *getProvisionRequest:
		name = in.FunctionName
	case *eventInvokeRequest:
		name = in.FunctionName
	case *urlRequest:
		name = in.FunctionName
		if in.AuthType != "" {
			f.Keys["lambda:functionurlauthtype"] = policy.One(in.AuthType)
		}
	case *updateCodeRequest:
		name = in.FunctionName
	case *aliasRequest:
		name = in.FunctionName
	case *concurrencyRequest:
		name = in.FunctionName
	case *PublishVersionInput:
		name = in.FunctionName
	case *CreateAliasInput:
		name = in.FunctionName
	case *UpdateAliasInput:
		name = in.FunctionName
	}
	if r, err := s.resolve(name, ""); err == nil {
		if function, ok := s.functions.Get(r.name); ok {
			f.ResourceTags = function.Tags
		}
	}
	return f
}

func layersKey(keys policy.Map, layers []string) {
	if len(layers) > 0 {
		keys["lambda:layer"] = policy.Many(layers...)
	}
}

// principalOf is whom the statement allows that a call removes.
func (s *Service) principalOf(in *removePermissionRequest) policy.Value {
	r, err := s.resolve(in.FunctionName, in.Qualifier)
	if err != nil {
		return policy.One("")
	}
	f, _ := s.functions.Get(r.name)
	for _, st := range f.Policies[r.qualifier].Statements {
		if st.Sid != in.StatementId {
			continue
		}
		switch p := st.Principal.(type) {
		case string:
			return policy.One(p)
		case map[string]any: // as read from the record
			for _, name := range p {
				if text, ok := name.(string); ok {
					return policy.One(text)
				}
			}
		}
	}
	return policy.One("")
}

// ask refuses unless the caller's policies allow one more action, such as to
// pass a role.
func (s *Service) ask(ctx context.Context, action, resource string, keys policy.Map) error {
	return s.askOf(ctx, action, resource, keys, nil)
}

// askOf is ask for a resource with a policy of its own, which may be nil.
func (s *Service) askOf(ctx context.Context, action, resource string, keys policy.Map, own *policy.Policy) error {
	caller, f := access.From(ctx)
	facts := *f
	facts.Keys = keys
	if d := access.Authorize(caller, &facts, action, resource, s.cfg.Account, own); !d.Allowed() {
		return access.Denied("AccessDeniedException", caller, action, resource, d)
	}
	return nil
}

// mayUse checks what a configuration brings along: its role, which whoever runs
// the function gets, and layers.
func (s *Service) mayUse(ctx context.Context, functionARN string, c *configuration) error {
	if c.Role != "" {
		keys := policy.Map{"iam:passedtoservice": policy.One("lambda.amazonaws.com"), "iam:associatedresourcearn": policy.One(functionARN)}
		if err := s.ask(ctx, "iam:PassRole", c.Role, keys); err != nil {
			return err
		}
	}
	for _, layer := range c.Layers {
		if err := s.askOf(ctx, "lambda:GetLayerVersion", layer, nil, s.layerPolicy(layer)); err != nil {
			return err
		}
	}
	return nil
}

// refusal is how Lambda tells of an error: the member is spelled Message where
// nothing was found or nobody may, and message elsewhere.
func refusal(e *awserr.Error) any {
	var reason throttleError
	var bare limitError
	switch {
	case e.Code == "ResourceNotFoundException":
		return map[string]string{"Type": "User", "Message": e.Message}
	case e.HTTPStatus() == http.StatusForbidden, e.HTTPStatus() == http.StatusRequestEntityTooLarge:
		return map[string]string{"Message": e.Message}
	case e.Code == "ValidationException", e.Code == "UnknownOperationException", errors.As(e, &bare):
		return map[string]string{"message": e.Message}
	case errors.As(e, &reason):
		return map[string]string{"Type": "User", "message": e.Message, "Reason": string(reason)}
	case e.HTTPStatus() >= http.StatusInternalServerError:
		return map[string]string{"Type": "Service", "message": e.Message}
	default:
		return map[string]string{"Type": "User", "message": e.Message}
	}
}
