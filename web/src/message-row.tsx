import type { MessageObject } from "@chat/shared/api/message-object";
import { useLanguage } from "./language.ts";
import { memo } from "./memo.ts";
import { Message, type MessageProps } from "./message.tsx";
import { Reach } from "./roving.ts";
import { isAnotherDay, nameOfDay } from "./times.ts";

export interface MessageRowProps extends Omit<MessageProps, "isFollowing"> {
  /** What stands above it. */
  readonly before: MessageObject | undefined;
  /** As `Date.toDateString` says it: at midnight "today" becomes "yesterday". */
  readonly today: string;
  readonly reach: 0 | -1;
}

/** A message, and the day before the first of a day. There may be thousands of them: none is drawn again without need. */
export const MessageRow = memo(function MessageRow({ before, today, reach, ...props }: MessageRowProps) {
  const { words, code } = useLanguage();
  const { message } = props;
  const isNewDay = before === undefined || isAnotherDay(before.created_at, message.created_at);
  return (
    <div class="of-day">
      {isNewDay && <h2 class="day">{nameOfDay(message.created_at, code, words, new Date(today))}</h2>}
      <Reach.Provider value={reach}>
        <Message {...props} isFollowing={!isNewDay && before.sender_id === message.sender_id} />
      </Reach.Provider>
    </div>
  );
});
