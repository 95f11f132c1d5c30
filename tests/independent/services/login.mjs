// An authorization server: the npm package `oidc-provider` (certified for OpenID Connect), as it comes, with its own pages
// for a person. Its tokens are random, its refresh tokens are good for one use: one that comes twice ends all that came of it.
//
// What is set here is who may come, and one fault: while the file that REFUSE names exists, the next access token is
// revoked as soon as it is given, and the file is gone.
import { existsSync, unlinkSync } from "node:fs";
import Provider from "oidc-provider";

const port = Number(process.argv[2]);
const secret = process.env.INDEPENDENT_CLIENT;
const grants = ["authorization_code", "refresh_token"];

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    { client_id: "machine", client_secret: secret, grant_types: ["client_credentials"], redirect_uris: [], response_types: [] },
    {
      client_id: "poster",
      client_secret: secret,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: "client_secret_post",
    },
    // A public client, which PKCE alone proves; of a native one the port on loopback does not matter (RFC 8252 §7.3).
    {
      client_id: "person",
      application_type: "native",
      grant_types: grants,
      redirect_uris: ["http://127.0.0.1/callback"],
      token_endpoint_auth_method: "none",
    },
  ],
  scopes: ["openid", "offline_access", "orders"],
  features: { clientCredentials: { enabled: true }, introspection: { enabled: true }, devInteractions: { enabled: true } },
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed("refresh_token"),
  rotateRefreshToken: true,
  ttl: { AccessToken: 600, ClientCredentials: 600, RefreshToken: 3600, Grant: 3600, Session: 3600, Interaction: 600 },
});

provider.on("grant.success", async (ctx) => {
  if (!process.env.REFUSE || !existsSync(process.env.REFUSE)) return;
  unlinkSync(process.env.REFUSE);
  const token = await provider.AccessToken.find(ctx.body.access_token);
  await token.destroy();
});

// What was asked for, for the checks: the kinds of grants, in order.
const grantsSeen = [];
provider.use(async (ctx, next) => {
  if (ctx.path === "/seen") {
    ctx.body = grantsSeen;
    return;
  }
  await next();
  if (ctx.path === "/token") grantsSeen.push({ grant: ctx.oidc?.params?.grant_type, client: ctx.oidc?.client?.clientId, status: ctx.status });
});

provider.listen(port, "127.0.0.1");
