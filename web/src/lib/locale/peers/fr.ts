import type { WordsOf } from '../words';

/** Texts about viewers who help each other, in French. */
export const peers: WordsOf<'peers'> = {
  peers: 'Entraide entre spectateurs',
  'peers.now': 'Entraide entre spectateurs : {percent} viennent d’autres spectateurs',
  'peers.words':
    'Des parties de cette vidéo viennent d’autres personnes qui la regardent, et leur sont transmises. Chaque partie est vérifiée. Les spectateurs voient l’adresse IP les uns des autres.',
  'peers.switch': 'Aider les autres spectateurs',
  'peers.helped': { one: 'Vous avez aidé {count} spectateur', other: 'Vous avez aidé {count} spectateurs' },
  'peers.connected': { one: 'Connecté à {count} spectateur', other: 'Connecté à {count} spectateurs' },
  'peers.fromViewers': 'De spectateurs',
  'peers.fromServer': 'Du serveur',
  'peers.given': 'Donné à d’autres',
  'peers.alone': 'Personne d’autre ne regarde en ce moment.',
  'peers.no.viewer': 'Vous l’avez désactivée.',
  'peers.no.signal': 'Votre navigateur demande de la discrétion : elle est désactivée.',
  'peers.no.saveData': 'Votre navigateur économise les données : elle est désactivée.',
  'peers.no.cellular': 'Elle est désactivée sur les réseaux mobiles.',
  'peers.no.battery': 'Votre batterie est faible : elle est désactivée.',
  'peers.no.phone': 'Elle est désactivée sur téléphone tant que vous ne l’activez pas.',
  'peers.no.undecided': 'Elle est désactivée tant que vous ne l’activez pas.',
  'peers.notice': 'Les spectateurs de cette vidéo s’entraident. Ils peuvent voir votre adresse IP.',
  'peers.notice.fine': 'D’accord',
  'peers.notice.off': 'Désactiver',
  'peers.ask': 'Voulez-vous aider les autres spectateurs ? Ils pourront voir votre adresse IP.',
  'peers.ask.yes': 'Aider',
  'peers.ask.no': 'Non merci',
};
