/**
 * What a program in the foreground tells: whoever runs it decides where the words go.
 */

export type Level = 'debug' | 'info' | 'warn' | 'error';

/** One line; `facts` are shown after the message and never hold secrets. */
export type Report = (level: Level, message: string, facts?: Readonly<Record<string, string | number>>) => void;
