const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const AGO = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** A time as servers write it, in the words of the reader's language; as it is, if it is not a time. */
export function day(time: string): string {
  return format(DAY, time);
}

/** As {@link day}, to the second. */
export function moment(time: string): string {
  return format(MOMENT, time);
}

function format(formatter: Intl.DateTimeFormat, time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : formatter.format(date);
}

const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
] as const;

/** How long ago something was: `2 minutes ago`; `now` for less than one. */
export function ago(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds / 1000);
  const [unit, length] = UNITS.find((each) => seconds >= each[1]) ?? ["second", Infinity];
  return AGO.format(-Math.floor(seconds / length), unit);
}
