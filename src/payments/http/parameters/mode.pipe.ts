import { NotFoundException, type PipeTransform } from '@nestjs/common';
import { MODES, type Mode } from '../../domain/credentials.js';

/** The mode of a path; with anything else in its place the path does not exist. */
export class ModePipe implements PipeTransform<string, Mode> {
  transform(value: string): Mode {
    const mode = MODES.find((each) => each === value);
    if (mode === undefined) throw new NotFoundException();
    return mode;
  }
}
