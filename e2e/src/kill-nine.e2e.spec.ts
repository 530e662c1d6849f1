import { killNineStory } from "./kill-nine.contract.ts";

killNineStory({ kills: 3, killsOfPostgres: 1 });
