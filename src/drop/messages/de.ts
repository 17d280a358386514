import type { DropMessages } from './messages.js'

/** German. */
export const de: DropMessages = {
  title: 'Dateien senden',
  titleFor: 'Dateien an {company} senden',
  lead: 'Ihre Dateien werden versiegelt, bevor sie diese Seite verlassen.',
  choose: 'Dateien wählen',
  chooseFolder: 'Ordner wählen',
  drop: 'oder Dateien und Ordner hier ablegen',
  dropNow: 'Loslassen, um sie hinzuzufügen',
  nothingFound: 'Darin war keine Datei.',
  who: 'Nur das Unternehmen mit diesem Schlüssel kann sie öffnen',
  whoFor: 'Nur {company} kann sie öffnen',
  key: 'Schlüssel',
  keys: 'Einer dieser Schlüssel',
  why: 'Geglaubt, weil',
  checking: 'Der Schlüssel wird geprüft …',
  trust: {
    pinned: 'diese Seite seinen Fingerabdruck mitbringt',
    signed: 'ihn eine Wurzel unterschrieben hat, die diese Seite mitbringt',
    https: 'er über https vom Server des Unternehmens kam',
    'in-hand': 'diese Seite ihn selbst mitbringt',
  },
  list: 'Dateien',
  files: { one: '{count} Datei', other: '{count} Dateien' },
  arrived: { one: '{count} Datei ist angekommen', other: '{count} Dateien sind angekommen' },
  failed: {
    one: '{count} Datei ist nicht angekommen',
    other: '{count} Dateien sind nicht angekommen',
  },
  added: { one: '{count} Datei hinzugefügt', other: '{count} Dateien hinzugefügt' },
  send: 'Versiegeln und senden',
  pause: 'Anhalten',
  resume: 'Fortsetzen',
  cancel: 'Abbrechen',
  cancelled: 'Abgebrochen. Was noch nicht gesendet war, bleibt nirgends.',
  retry: 'Noch einmal versuchen',
  removeFile: '{name} entfernen',
  states: {
    waiting: 'wartet',
    resumes: 'geht weiter, wo sie stehen blieb',
    sending: 'wird gesendet',
    paused: 'angehalten',
    done: 'angekommen',
  },
  amount: '{done} von {total}',
  left: 'noch {time}',
  finishing: 'wird abgeschlossen',
  offline: 'keine Verbindung: Es geht von selbst weiter',
  sent: '{percent} gesendet',
  unfinished: 'Nicht fertig',
  unfinishedLead:
    'Wählen Sie dieselbe Datei noch einmal, dann geht sie weiter, wo sie stehen blieb.',
  forget: 'Vergessen',
  receipts:
    'Bewahren Sie die Belege auf. Mit ihnen können Sie später sagen, was Sie wann gesendet haben.',
  save: 'Belege speichern',
  saveAs: 'belege',
  setup: 'Diese Seite kann noch keine Dateien annehmen',
  keysFailed: 'Jetzt kann nichts gesendet werden',
  errors: {
    invalid_argument:
      'Diese Seite ist nicht richtig eingerichtet. Bitte sagen Sie es dem Unternehmen.',
    unsupported_runtime:
      'Dieser Browser kann hier nicht versiegeln. Öffnen Sie die Seite über https, in einem neueren Browser.',
    unsupported_algorithm:
      'Keiner der Schlüssel ist hier zu gebrauchen. Bitte sagen Sie es dem Unternehmen.',
    malformed: 'Die Antwort war nicht zu verstehen. Bitte sagen Sie es dem Unternehmen.',
    too_large: 'Diese Datei ist zu groß, um sie hier zu senden.',
    source_changed: 'Die Datei wurde geändert oder verschoben. Wählen Sie sie noch einmal.',
    source_failed: 'Die Datei lässt sich nicht lesen. Ist sie noch da, und dürfen Sie sie öffnen?',
    output_failed:
      'Der Server hat sie nicht angenommen, oder er ist nicht erreichbar. Versuchen Sie es später noch einmal.',
    conflict: 'Diese Datei wird schon in einem anderen Tab gesendet.',
    closed: 'Es wurde abgebrochen.',
    keys_unreachable:
      'Der Schlüssel des Unternehmens ist nicht erreichbar. Prüfen Sie Ihr Netz, und versuchen Sie es noch einmal.',
    keys_malformed: 'Die Antwort war nicht zu verstehen. Bitte sagen Sie es dem Unternehmen.',
    keys_untrusted:
      'Der Schlüssel ist nicht der, den diese Seite erwartet. Darum wird nichts für ihn versiegelt. Bitte sagen Sie es dem Unternehmen.',
    keys_expired: 'Der Schlüssel ist abgelaufen, oder die Uhr dieses Geräts geht falsch.',
    keys_rolled_back:
      'Der Schlüssel ist älter als der, der zuletzt da war. Bitte sagen Sie es dem Unternehmen.',
    no_usable_key:
      'Keiner der Schlüssel ist hier zu gebrauchen. Bitte sagen Sie es dem Unternehmen.',
    rejected:
      'Das Unternehmen nimmt das nicht an. Ihr Link oder Ihre Anmeldung ist vielleicht abgelaufen.',
    context_mismatch: 'Ihr Link ist für etwas anderes. Bitten Sie um einen neuen.',
    expired: 'Ihr Link ist abgelaufen, oder es hat zu lange gedauert. Bitten Sie um einen neuen.',
    replayed: 'Das wurde schon gesendet.',
    unknown: 'Etwas ging schief. Versuchen Sie es noch einmal, oder sagen Sie es dem Unternehmen.',
  },
}
