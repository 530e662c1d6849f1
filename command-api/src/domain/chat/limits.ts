/** How long a message may be, in bytes of UTF-8: four pages, so that a page of 100 messages stays below 2 MiB. */
export const maxTextBytes = 16 * 1024;

/** A title is one line in a list; two hundred characters already wrap on every screen. */
export const maxTitleCharacters = 200;

/** A description is a paragraph that is shown beside the title, not a document. */
export const maxDescriptionCharacters = 2000;

/** One request is one event with a list, which must fit into a batch of the log many times over. */
export const maxMembersPerRequest = 1000;

/**
 * Each removal is an event of its own, up to about a kilobyte, and the events of one command are one batch: at most
 * 512 KiB. Only a chat's whole list that is replaced at once can come near it.
 */
export const maxRemovalsPerRequest = 400;

/**
 * How many may be in a chat. Every read looks at all read pointers, and every message is pushed to all: at this size a
 * read takes well below a millisecond, and a chat's state about a megabyte.
 */
export const maxMembersPerChat = 5000;

/** A handful of pictures; a whole folder is one file. An event names all that one command attaches. */
export const maxFilesPerMessage = 10;

/** A message's id has at most nine digits of seq: eight years of four messages a second. */
export const maxMessagesPerChat = 999_999_999;
