import { callsOfTheSeeds } from "./dialects/calls.contract.ts";
import { chatRoomStory } from "./dialects/chat-room.contract.ts";
import { joinedChatsStory } from "./dialects/joined-chats.contract.ts";
import { plainTextStory } from "./dialects/plain-text.contract.ts";
import { textRoomStory } from "./dialects/text-room.contract.ts";
import { userStreamStory } from "./dialects/user-stream.contract.ts";
import { useAnyChat } from "./harness/any-chat.ts";

const address = useAnyChat();

callsOfTheSeeds(address);
textRoomStory(address);
chatRoomStory(address);
userStreamStory(address);
plainTextStory(address);
joinedChatsStory(address);
