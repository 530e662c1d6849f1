import { killNineStory } from "./kill-nine.contract.ts";

killNineStory({ kills: 10, killsOfPostgres: 2 });
