// Webhooks and their receivers: every defence, each as one source line.
import { weakenings } from './rows.ts'

export const WEBHOOKS = [
  ...weakenings('src/webhooks.ts', 'src/webhooks.test.ts', [
    [
      'webhook: any origin',
      "throw new OxdError('foreign_logout_webhook_uri')",
      'return',
      '^a webhook goes to an origin of the site alone',
    ],
    [
      'webhook: unencrypted, and at private addresses',
      "if (protocol !== 'https:' || isLocalName(host) || (isNumber && addressKind(host) !== 'public'))",
      'if (false)',
      '^a webhook goes to an origin of the site alone',
    ],
    [
      'webhook: an origin that is no longer one of the site',
      "await switchOff(oxd_id, 'foreign_origin')",
      '',
      '^a webhook is off when its origin is no longer one of the site',
    ],
    [
      'webhook: a receiver that is gone is asked again',
      'if (status === 410) {',
      'if (false) {',
      '^a webhook is off once its receiver is gone',
    ],
    [
      'webhook: tried without end',
      'if (message.tries <= PAUSES_SECONDS.length) return undefined',
      'if (true) return undefined',
      '^a webhook is tried ten times within a day',
    ],
    [
      'webhook: each process sends it',
      'if (!claimed) return undefined',
      '',
      '^a webhook outlives the process, and of two processes one sends it',
    ],
    [
      'webhook: one site takes all places',
      'if (sending.size >= limits.webhook_sends_max || ofSiteSending >= limits.webhook_site_sends_max) break',
      'if (sending.size >= limits.webhook_sends_max) break',
      '^a webhook that stalls holds up nobody else',
    ],
    [
      'webhook: any number waits at one site',
      '(queue.get(oxd_id)?.size ?? 0) >= limits.webhook_site_messages_max',
      'false',
      '^a webhook waits in a queue with a bound',
    ],
    [
      'webhook: any number waits in all',
      'waiting >= limits.webhook_messages_max ||',
      '',
      '^a webhook waits in a queue with a bound',
    ],
    [
      'webhook: an old secret signs for ever',
      'const signing = [secret, ...(previous !== null && timestamp < previous.until ? [previous.secret] : [])]',
      'const signing = [secret, ...(previous !== null ? [previous.secret] : [])]',
      '^a webhook shows its secret once',
    ],
  ]),
  ...weakenings('src/commands/register_site.ts', 'test/webhook.test.ts', [
    [
      'webhook: looked at after the OP has registered the client',
      'webhooks.check(asked.redirect_uris, webhook)',
      'webhooks.check([...asked.redirect_uris, webhook.uri ?? asked.redirect_uris[0]], {})',
      '^the webhook of a site is refused at registration',
    ],
  ]),
  ...weakenings('src/client/webhook.ts', 'src/client/webhook.test.ts', [
    [
      'verifyWebhook: any signature',
      "if (!fits.includes(true)) throw new WebhookError('bad_signature')",
      '',
      '^verifyWebhook refuses what is signed with another secret',
    ],
    [
      'verifyWebhook: sent again later',
      "if (age_seconds > tolerance_seconds) throw new WebhookError('too_old')",
      '',
      '^verifyWebhook refuses a message of another time',
    ],
    [
      'verifyWebhook: signed for the future',
      "if (age_seconds < -tolerance_seconds) throw new WebhookError('too_new')",
      '',
      '^verifyWebhook refuses a message of another time',
    ],
    [
      'verifyWebhook: any number of signatures',
      "const signatures = headerIn(headers, 'webhook-signature').split(' ').slice(0, SIGNATURES_MAX)",
      "const signatures = headerIn(headers, 'webhook-signature').split(' ')",
      '^verifyWebhook refuses what is signed with another secret',
    ],
  ]),
]
