import type { CalendarSpan } from './policy.ts';

/** What the calendar and the clock on the wall show. */
interface WallTime {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

/** The periods that a moment lies in, by names that differ for different periods. */
export interface Periods {
  /** `2026-11-22 14:00`; an hour that the clock shows twice is one hour. */
  hourly: string;
  /** `2026-11-22` */
  daily: string;
  /** ISO 8601, from Monday: `2026-W47`. */
  weekly: string;
  /** `2026-11` */
  monthly: string;
  /** `2026` */
  yearly: string;
}

const dayMs = 86_400_000;
/** What ECMAScript can name a date for, either side of 1970. */
const rangeMs = 8.64e15;

/** The Gregorian calendar as it is kept in one time zone; times are milliseconds since the epoch. */
export class ZonedCalendar {
  readonly #format: Intl.DateTimeFormat;

  /** @throws RangeError where `timeZone` is no name of an IANA time zone. */
  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  periods(time: number): Periods {
    const wall = this.#wallTime(time);
    const yearly = String(wall.year);
    const monthly = `${yearly}-${twoDigits(wall.month)}`;
    const daily = `${monthly}-${twoDigits(wall.day)}`;
    const hourly = `${daily} ${twoDigits(wall.hour)}:00`;
    return { hourly, daily, weekly: isoWeek(wall), monthly, yearly };
  }

  /**
   * The moment a span before `time`: years, months and days back on the calendar at the same time
   * on the clock, then so many hours. A day that its month does not have runs over into the next
   * month, as in Go: a month before 31 March is 3 March, or 2 March in a leap year.
   */
  before(time: number, { years, months, days, hours }: CalendarSpan): number {
    const { year, month, day } = this.#wallTime(time);
    const today = dayNumber(year, month, day);
    const daysBack = today - dayNumber(year - years, month - months, day - days);
    return this.#moment(time + this.#offset(time) - daysBack * dayMs) - hours * 3_600_000;
  }

  /**
   * The moment at which the wall shows `wall`, as if that were UTC. Where the clock shows it twice
   * or never, it is one of the two moments that Go takes too.
   */
  #moment(wall: number): number {
    if (Math.abs(wall) > rangeMs - dayMs) return wall;
    return wall - this.#offset(wall - this.#offset(wall));
  }

  /** How far the zone's clock is ahead of UTC, in milliseconds. */
  #offset(time: number): number {
    const { year, month, day, hour, minute, second } = this.#wallTime(time);
    const seconds = (hour * 60 + minute) * 60 + second;
    return dayNumber(year, month, day) * dayMs + seconds * 1000 - Math.floor(time / 1000) * 1000;
  }

  #wallTime(time: number): WallTime {
    const wall = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
    for (const { type, value } of this.#format.formatToParts(time)) {
      if (type in wall) wall[type as keyof WallTime] = Number(value);
    }
    return wall;
  }
}

/** The year of a week is that of its Thursday. */
function isoWeek({ year, month, day }: WallTime): string {
  // Day 0, the first of 1970, was a Thursday.
  const thursday = Math.floor((dayNumber(year, month, day) + 3) / 7) * 7;
  const owner = [year + 1, year].find((each) => dayNumber(each, 1, 1) <= thursday) ?? year - 1;
  const week = Math.floor((thursday - dayNumber(owner, 1, 1)) / 7) + 1;
  return `${owner}-W${twoDigits(week)}`;
}

/** Days since 1 January 1970; a month or a day out of its range runs over into the next or before. */
function dayNumber(year: number, month: number, day: number): number {
  // Counted from March, so that the leap day is the last of its year.
  const marches = year * 12 + month - 3;
  const [marchYear, marchMonth] = [
    Math.floor(marches / 12),
    marches - Math.floor(marches / 12) * 12,
  ];
  const leapDays =
    Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  // Months of 31 and 30 days in turn, by fives: 153 days.
  const daysOfMonths = Math.floor((153 * marchMonth + 2) / 5);
  return marchYear * 365 + leapDays + daysOfMonths + day - 719_469;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
