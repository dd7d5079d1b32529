package apigatewayv2

import (
	"github.com/hakonegate/hakone/internal/wire"
)

// portalOperations are those of developer portals, which are not here: nothing
// is found, whatever is asked.
func (s *Service) portalOperations() (out []wire.Operation) {
	const (
		portals   = "/v2/portals"
		portal    = portals + "/{PortalId}"
		products  = "/v2/portalproducts"
		product   = products + "/{PortalProductId}"
		sharing   = product + "/sharingpolicy"
		pages     = product + "/productpages"
		page      = pages + "/{ProductPageId}"
		restPages = product + "/productrestendpointpages"
		restPage  = restPages + "/{ProductRestEndpointPageId}"
	)
	for _, o := range []struct{ name, method, path string }{
		{"CreatePortal", post, portals},
		{"ListPortals", get, portals},
		{"GetPortal", get, portal},
		{"UpdatePortal", patch, portal},
		{"DeletePortal", remove, portal},
		{"PublishPortal", post, portal + "/publish"},
		{"DisablePortal", remove, portal + "/publish"},
		{"PreviewPortal", post, portal + "/preview"},
		{"CreatePortalProduct", post, products},
		{"ListPortalProducts", get, products},
		{"GetPortalProduct", get, product},
		{"UpdatePortalProduct", patch, product},
		{"DeletePortalProduct", remove, product},
		{"GetPortalProductSharingPolicy", get, sharing},
		{"PutPortalProductSharingPolicy", put, sharing},
		{"DeletePortalProductSharingPolicy", remove, sharing},
		{"CreateProductPage", post, pages},
		{"ListProductPages", get, pages},
		{"GetProductPage", get, page},
		{"UpdateProductPage", patch, page},
		{"DeleteProductPage", remove, page},
		{"CreateProductRestEndpointPage", post, restPages},
		{"ListProductRestEndpointPages", get, restPages},
		{"GetProductRestEndpointPage", get, restPage},
		{"UpdateProductRestEndpointPage", patch, restPage},
		{"DeleteProductRestEndpointPage", remove, restPage},
	} {
		nothing := func(*request) error { return nil }
		out = append(out, op(s, o.name, o.method, o.path, refusedBy[none](nothing, notFound("Portal", "Developer portals are not served by this gateway"))))
	}
	return out
}
